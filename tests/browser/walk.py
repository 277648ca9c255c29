"""The road through the pages: six people from an upload to a settlement, step by step as they see it."""

import re
from dataclasses import dataclass, field

import httpx

from tests.browser.stage import Stage, Visitor
from tests.factories.catalog import visits_csv

ROWS, QUOTA, CALLS, K = 800, 20, 25, 6
TITLE, SLUG = "门诊就诊记录", "clinic-visits"
FEE, OVERAGE = "99.00", "2000"
PURPOSE = "为就医出行应用提供统计。"


@dataclass
class Outcome:
    """What people saw on the way."""

    published: int = 0
    suppressed: int = 0
    k: int = 0
    on_page: int = 0
    served: int = 0
    key: str = ""
    statuses: dict[int, int] = field(default_factory=dict)
    invoices: list[int] = field(default_factory=list)
    statement: dict[str, int] = field(default_factory=dict)


class Walk:
    """Takes the steps in order; `outcome` is filled on the way."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.outcome = Outcome()
        self._begun = self._ended = False

    def all(self) -> Outcome:
        """From the upload to the settlement; once, however often it is asked for."""
        if self._begun:
            assert self._ended, "the road was not walked to its end"
            return self.outcome
        self._begun = True
        self.describe_and_upload()
        self.set_policy_and_submit()
        self.review()
        self.offer()
        self.subscribe()
        self.develop()
        self.close_period()
        self.pay_what_is_due()
        self.ask_back()
        self.decide_refund()
        self.close_period()
        self.settle()
        self._ended = True
        return self.outcome

    # -- publishing ---------------------------------------------------------------------------------------------------

    def describe_and_upload(self) -> None:
        provider = self.stage.sign_in("provider")
        provider.open("/provider")
        provider.follow("登记数据集")
        provider.heading("登记数据集")
        provider.fill("名称", TITLE)
        provider.fill("另一种语言的名称", "Clinic visits")
        provider.fill("说明", "每行是一次门诊就诊。")
        provider.page.get_by_label("医疗健康").check()
        provider.fill("短名", SLUG)
        provider.press("保存并上传文件")
        provider.heading("上传文件")
        file = {"name": "就诊.csv", "mimeType": "text/csv", "buffer": visits_csv(ROWS)}
        provider.page.get_by_label("表格").set_input_files(file)  # type: ignore[arg-type]  # a payload, as documented
        provider.press("上传")
        provider.page.get_by_role("link", name="设置策略").wait_for()
        provider.look()
        provider.wait(re.compile(rf"^{ROWS}$"))
        # Nothing of it is to be seen from outside.
        self.stage["visitor"].open(f"/dataset/{SLUG}", status=404)

    def set_policy_and_submit(self) -> None:
        provider = self.stage["provider"]
        provider.follow("设置策略")
        provider.wait("这个策略可以执行。")
        provider.look()
        provider.fill("k：至少多少条看起来一样", str(K))
        provider.press("查看效果")
        provider.wait("这个策略可以执行。")
        provider.press("保存为新版本")
        provider.page.get_by_label("k：至少多少条看起来一样").wait_for()
        provider.wait("这个策略可以执行。")
        provider.follow("下一步：申请发布")
        provider.wait("给专员的说明")
        provider.wait(f"k={K}")
        provider.look()
        provider.fill("给专员的说明", "首次发布。")
        provider.page.get_by_label("我已逐列看过角色和处理方式。").check()
        provider.press("提交申请")
        provider.wait("审核中")
        provider.heading(TITLE)

    def review(self) -> None:
        officer = self.stage.sign_in_by_link("officer")
        self._decide(officer)
        officer.wait("已有1位专员批准。")
        self.stage["visitor"].open(f"/dataset/{SLUG}", status=404, look=False)
        self._decide(self.stage.sign_in("officer2"))
        provider = self.stage["provider"]
        provider.reload_until("the release", lambda: provider.page.get_by_text("已发布为v").is_visible())
        provider.look()
        self.outcome.published = _figure(provider, "发布行数")
        self.outcome.suppressed = _figure(provider, "抑制行数")
        self.outcome.k = _figure(provider, f"最小等价类，要求{K}")

    def _decide(self, officer: Visitor) -> None:
        officer.open("/officer")
        officer.follow(TITLE)
        officer.heading(TITLE)
        officer.follow("完整报告")
        officer.page.wait_for_url("**/report")
        officer.look()
        officer.page.go_back()
        officer.page.get_by_role("radio", name="批准发布").check()
        officer.fill("原因", "风险低于阈值，效用可用，同意发布。")
        officer.page.get_by_label("我看过样例和待定项。").check()
        officer.press("提交决定")
        officer.page.get_by_role("button", name="提交决定").wait_for(state="detached")
        officer.look()

    def offer(self) -> None:
        provider = self.stage["provider"]
        provider.open("/provider")
        provider.follow(TITLE)
        provider.heading(TITLE)
        provider.follow("套餐与价格")
        provider.heading("套餐与价格")
        provider.fill("名称", "标准版")
        provider.fill("另一语言的名称", "Standard")
        provider.fill("每月包含的调用次数", str(QUOTA))
        provider.fill("每分钟允许的调用次数", "6000")
        provider.fill("月费", FEE)
        provider.fill("超出后每1,000次的价格", OVERAGE)
        provider.press("添加套餐")
        provider.page.get_by_role("row", name=re.compile("标准版.*¥99.00")).wait_for()
        provider.press("上架")
        provider.wait("已上架")
        provider.look()

    # -- trading ------------------------------------------------------------------------------------------------------

    def subscribe(self) -> None:
        visitor = self.stage["visitor"]
        visitor.open("/")
        visitor.page.get_by_role("searchbox").first.fill("门诊")
        visitor.page.keyboard.press("Enter")
        visitor.page.wait_for_url("**/search?**")
        visitor.look()
        visitor.follow(TITLE)
        visitor.heading(TITLE)
        self.outcome.on_page = fen(visitor.page.get_by_text(re.compile(r"^[0-9,]+条$")).first.inner_text())
        startup = self.stage.sign_in("startup")
        startup.open(f"/dataset/{SLUG}")
        for tab in ("结构", "版本", "隐私报告"):
            startup.page.get_by_role("navigation", name="数据产品").get_by_role("link", name=tab).click()
            startup.page.wait_for_url(f"**/dataset/{SLUG}/*")
            startup.look()
        startup.press("订阅")
        startup.heading("选择套餐")
        startup.press("继续")
        startup.heading("谁来订阅，用来做什么")
        startup.fill("数据用途", PURPOSE)
        startup.press("继续")
        startup.heading("阅读协议")
        startup.page.get_by_label("我代表订阅单位同意以上条款。").check()
        startup.press("继续")
        startup.heading("确认前请核对")
        startup.press(re.compile("确认并支付"))
        startup.heading("订阅已生效")
        startup.press("生成并显示第一把密钥")
        startup.wait("密钥只在现在完整显示一次。")
        startup.look()
        shown = startup.page.locator(".once code").inner_text()
        startup.open(startup.path)
        assert shown not in startup.page.content()

    def develop(self) -> None:
        developer = self.stage.sign_in("developer")
        developer.open("/developer")
        developer.follow(re.compile("^密钥"))
        developer.heading(TITLE)
        developer.fill("名称", "预测服务")
        developer.press("新建密钥")
        developer.wait("密钥只在现在完整显示一次。")
        developer.look()
        self.outcome.key = developer.page.locator(".once code").inner_text()
        self._call()
        developer.open("/developer", look=False)
        used = f"本月已用{CALLS}次，共{QUOTA}次"
        developer.reload_until(used, lambda: developer.page.get_by_text(used).is_visible())
        developer.look()
        developer.follow(TITLE)
        developer.heading(TITLE)
        developer.follow("试用台")
        developer.wait("发送请求")
        developer.press("发送请求")
        developer.page.locator("#answer").get_by_text("200", exact=True).wait_for()
        developer.look()

    def _call(self) -> None:
        address = f"{self.stage.site.url}/data/v1/{SLUG}/records"
        with httpx.Client(trust_env=False, timeout=60) as client:
            assert client.get(address).status_code == 401
            client.headers["Authorization"] = f"Bearer {self.outcome.key}"
            for number in range(CALLS):
                answer = client.get(address, params={"limit": number % 5 + 1, "count": "true"})
                self.outcome.statuses[answer.status_code] = self.outcome.statuses.get(answer.status_code, 0) + 1
                body = answer.json()
                assert len(body["records"]) == number % 5 + 1
                self.outcome.served = body["total"]

    # -- settling -----------------------------------------------------------------------------------------------------

    def close_period(self) -> None:
        operator = self.stage["operator"]
        if operator.path != "/operator/periods":
            if not operator.links:
                self.stage.sign_in("operator")
            operator.open("/operator")
            operator.open("/operator/periods")
        closed = operator.page.get_by_text("已关账", exact=True)
        before = closed.count()
        operator.press_or_follow("立即结束本期")
        operator.page.get_by_role("dialog").wait_for()
        operator.axe()
        operator.press("结束期间")
        operator.page.wait_for_url("**/operator/periods")
        operator.reload_until("the closed period", lambda: closed.count() == before + 1)
        operator.look()

    def pay_what_is_due(self) -> None:
        startup = self.stage["startup"]
        startup.open("/billing")
        startup.follow(re.compile("^查看并支付"))
        startup.heading("账单")
        startup.press(re.compile("^支付"))
        startup.reload_until("the payment", lambda: startup.page.get_by_text("已支付", exact=True).is_visible())
        startup.look()

    def ask_back(self) -> None:
        startup = self.stage["startup"]
        startup.open("/billing", look=False)
        amounts = startup.page.get_by_role("table", name="账单").locator("tbody td.n").all_inner_texts()
        self.outcome.invoices = [fen(text) for text in amounts]
        startup.page.get_by_role("table", name="账单").get_by_role("link").last.click()
        startup.heading("账单")
        startup.follow("申请退款")
        startup.heading("申请退款")
        startup.fill("原因", "字段与业务不符。")
        startup.press("提交申请")
        startup.wait("等待处理")
        startup.look()

    def decide_refund(self) -> None:
        operator = self.stage["operator"]
        operator.open("/operator/refunds")
        operator.fill("理由（告知客户）", "同意退款。")
        operator.press(re.compile("^批准并退还"))
        operator.reload_until("the refund", lambda: operator.page.get_by_text("已退还", exact=True).is_visible())
        operator.look()
        startup = self.stage["startup"]
        startup.page.reload()
        startup.wait("已退还")
        startup.follow(re.compile("^贷项通知单"))
        startup.heading(re.compile("贷项通知单"))

    def settle(self) -> None:
        operator = self.stage["operator"]
        operator.open("/operator/statements")
        operator.page.get_by_role("table").last.get_by_role("link").first.click()
        operator.heading("结算单")
        operator.wait("分录已平")
        operator.press_or_follow(re.compile("^付款"))
        operator.page.get_by_role("dialog").get_by_role("button", name="付款").click()
        operator.reload_until("the payout", operator.page.get_by_text(re.compile("已付出$")).first.is_visible)
        operator.look()
        for row in operator.page.get_by_role("table", name="余额变动").get_by_role("row").all()[1:]:
            name = row.get_by_role("rowheader").inner_text().split("\n")[0]
            self.outcome.statement[name] = fen(row.get_by_role("cell").last.inner_text())
        operator.open("/operator/ledger")
        operator.wait(re.compile("每笔借贷相等，没有缺失，没有改动"))
        provider = self.stage["provider"]
        provider.open("/provider/income")
        provider.page.get_by_role("table").last.get_by_role("link").first.click()
        provider.heading("结算单")


def _figure(person: Visitor, label: str) -> int:
    """The number shown under a label."""
    place = person.page.locator("dl.figs div").filter(has=person.page.get_by_text(label, exact=True))
    return fen(place.locator("dd").inner_text())


def fen(text: str) -> int:
    """An amount as shown without its point: `−¥1,234.50` is -123450; a whole number is itself."""
    digits = re.sub(r"[^0-9]", "", text)
    return int(digits or 0) * (-1 if text.strip().startswith(("-", "−", "(")) else 1)
