"""What a column's header says: Chinese words, English words, usual abbreviations and pinyin initials.

Pinyin initials (`sfzh`, `lxdh`) are how older government systems name their fields. A header is compared whole first, then by
its parts; in a Chinese compound the last word counts (患者姓名 is a name, 姓名拼音码 is not decided by its first word).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

# Chinese terms | English terms and words | pinyin initials and abbreviations (only as a whole part of a header)
_TERMS: Final[dict[str, tuple[str, str, str]]] = {
    "PERSON": (
        "姓名 名字 联系人 申请人 来电人 反映人 投诉人 诉求人 经办人 负责人 法定代表人 法人代表 法人 代表人 户主 户名 车主 业主 租客 租户 承租人 出租人 房东 司机 驾驶员 "
        "医生 医师 患者 病人 乘客 收件人 寄件人 监护人 家长 学生 教师 老师 当事人 人员 录入人 处理人 受理人 受理员 话务员 紧急联系人 股东 投资人 用户名",
        "full_name first_name last_name surname given_name person_name patient_name customer_name contact_name contact_person contact owner_name owner "
        "legal_representative legal_rep legal_person representative tenant_name tenant landlord_name landlord driver driver_name doctor doctor_name physician "
        "passenger student_name employee_name user_name username applicant complainant caller citizen_name resident_name",
        "xm lxr sqr fddbr frdb fr hm czr chzxm jsy ys jbr fzr hzxm xingming",
    ),
    "CN_RESIDENT_ID": (
        "身份证 身份证号 身份证号码 证件号 证件号码 公民身份号码 公民身份证号 居民身份证 身份号码",
        "id_card id_card_no id_card_number idcard identity_card identity_number identity_no national_id citizen_id id_number id_no resident_id ssn certificate_no",
        "sfz sfzh sfzhm zjhm zjh gmsfhm gmsfzh idno",
    ),
    "CN_MOBILE": (
        "手机 手机号 手机号码 移动电话 联系手机",
        "mobile mobile_phone mobile_no mobile_number cell cellphone cell_phone",
        "sj sjh sjhm yddh shouji",
    ),
    "PHONE_NUMBER": (
        "电话 电话号码 联系电话 联系方式 来电号码 主叫号码 固定电话 座机 办公电话 住宅电话",
        "phone phone_no phone_number telephone tel contact_phone contact_number telephone_number caller_number",
        "dh dhhm lxdh lxfs ldhm gddh dianhua",
    ),
    "EMAIL_ADDRESS": ("邮箱 电子邮箱 电子邮件 邮件地址", "email e_mail mail email_address", "yx dzyx"),
    "CN_BANK_CARD": (
        "银行卡 银行卡号 卡号 银行账号 银行帐号 收款账号 信用卡号",
        "bank_card card_no card_number bank_account credit_card account_number bank_account_no",
        "yhkh yhzh kh",
    ),
    "CN_LICENSE_PLATE": (
        "车牌 车牌号 车牌号码 号牌号码 号牌 车辆号牌 车号",
        "plate plate_no plate_number license_plate licence_plate number_plate car_no vehicle_no vehicle_plate",
        "cp cph cphm hphm chepai",
    ),
    "CN_PASSPORT": ("护照 护照号 护照号码", "passport passport_no passport_number", "hzh hzhm"),
    "CN_SOCIAL_SECURITY_NUMBER": (
        "社保号 社保卡号 社会保障号 医保号 医保卡号 医疗保险号 公积金账号",
        "social_security_no social_security_number medical_insurance_no insurance_no",
        "sbh sbkh ybh ybkh",
    ),
    "CN_MEDICAL_RECORD_NUMBER": (
        "病历号 病案号 住院号 门诊号 就诊卡号 就诊号 患者编号 患者id 病人id 健康卡号",
        "medical_record_no medical_record_number mrn patient_id patient_no admission_no",
        "blh bah zyh mzh jzkh jkkh hzbh",
    ),
    "WECHAT_ID": ("微信 微信号 openid", "wechat wechat_id weixin open_id openid unionid", "wx wxh"),
    "QQ_NUMBER": ("qq qq号", "qq qq_no", "qqh"),
    "IP_ADDRESS": ("ip地址 登录ip", "ip ip_address client_ip remote_addr", ""),
    "MAC_ADDRESS": ("mac地址", "mac mac_address", ""),
    "DEVICE_ID": ("设备识别码 设备唯一标识 手机串号", "imei imsi idfa device_uuid android_id", ""),
    "CN_VIN": ("车架号 车辆识别代号 车辆识别码 发动机号", "vin chassis_no engine_no", "cjh clsbdh fdjh"),
    "ACCOUNT_ID": (
        "用户编号 用户号 用户id 用户标识 客户编号 客户号 户号 水表户号 水表编号 水表号 表号 电表号 燃气表号 会员号 会员编号 会员卡号 账号 帐号 账户 缴费号 人员编号 学号 工号 职工号 居民编号 市民id 骑行用户",
        "user_id user_no userid uid customer_id customer_no member_id account account_id account_no employee_id employee_no student_id student_no "
        "rider_id person_id subject_id citizen_no household_id household_no subscriber_id meter_no meter_id meter_number",
        "yhbh yhid hh khbh hyh xh gh rybh",
    ),
    "RECORD_ID": (
        "编号 序号 工单编号 工单号 流水号 订单号 订单编号 记录号 记录编号 单号 合同编号 合同号 备案号 就诊流水号 交易号 业务编号 案件编号 受理编号 主键",
        "id no record_id ticket_id ticket_no order_id order_no serial serial_no case_id case_no row_id contract_no trip_id session_id visit_id transaction_id uuid key code number index",
        "bh xuhao gdbh gdh lsh ddh ddbh hth",
    ),
    "CN_ADDRESS": (
        "地址 住址 家庭住址 家庭地址 现住址 居住地址 户籍地址 详细地址 通讯地址 联系地址 房屋地址 房屋坐落 坐落 注册地址 经营地址 住所 用水地址 门牌 门牌号 事发地址 事发地点",
        "address addr home_address residence street_address registered_address address_line location_address",
        "dz jtzz xzz xzhz hjdz txdz zz lxdz",
    ),
    "AGE": ("年龄 岁数 周岁", "age age_years", "nl"),
    "SEX": ("性别", "sex gender", "xb"),
    "BIRTH_DATE": (
        "出生日期 出生年月 出生年月日 出生时间 出生年份 生日",
        "birth birthday birth_date birthdate date_of_birth dob birth_month birth_year year_of_birth",
        "csrq csny csnyr sr",
    ),
    "ETHNICITY": ("民族 种族", "ethnic ethnicity ethnic_group race nation", "mz"),
    "NATIONALITY": ("国籍 出生国", "nationality native_country country_of_birth citizenship birth_country", "gj"),
    "NATIVE_PLACE": (
        "籍贯 户籍地 户籍 户口所在地 出生地 来源地",
        "native_place place_of_birth birthplace hometown hukou_place",
        "jg hjd hj csd",
    ),
    "EDUCATION": (
        "学历 文化程度 教育程度 学位 教育",
        "education education_level degree education_num educational_attainment",
        "xl whcd xw",
    ),
    "MARITAL_STATUS": ("婚姻 婚姻状况 婚否", "marital marital_status marriage", "hyzk hf"),
    "RELATIONSHIP": ("与户主关系 家庭关系 亲属关系", "relationship relation", "yhzgx"),
    "OCCUPATION": ("职业 工种 岗位 职务 职位", "occupation job job_title profession", "zy gz gw zw"),
    "WORKCLASS": (
        "就业类型 就业状态 单位性质 就业状况",
        "workclass work_class employment employment_status employment_type",
        "",
    ),
    "EMPLOYER": ("工作单位 就职单位 任职单位 所在学校 学校", "employer workplace school", "gzdw"),
    "HUKOU": ("户口性质 户口类型 户口类别 户籍类型", "hukou hukou_type", "hkxz hklx"),
    "POSTAL_CODE": ("邮编 邮政编码", "zip zipcode zip_code postal_code postcode", "yb yzbm"),
    "DIVISION": (
        "区 市 省 区县 行政区 行政区划 所属区 所属区域 区域 街道 镇街 乡镇 社区 所属街道 所在区 省份 城市 地区 辖区",
        "district city province county region town township area_name borough division street subdistrict community state",
        "xzq xzqh qx jd sf ssq ssjd",
    ),
    "PLACE": (
        "地点 位置 停车场 停车场名称 路段 路段名称 泊位 泊位号 泊位编号 车位 车位号 起点 终点 站点 小区 小区名称 起始站点 还车站点 借车点 还车点",
        "place location parking_lot road_section berth berth_no start_station end_station origin destination station pick_up drop_off",
        "",
    ),
    "LATITUDE": (
        "纬度 起点纬度 终点纬度",
        "lat latitude start_lat end_lat start_latitude end_latitude pickup_latitude",
        "wd kswd jswd qdwd zdwd",
    ),
    "LONGITUDE": (
        "经度 起点经度 终点经度",
        "lon lng long longitude start_lng end_lng start_lon end_lon start_longitude end_longitude",
        "ksjd jsjd qdjd",
    ),
    "DATE_TIME": (
        "时间 日期 年月 年份 月份 日 起始时间 结束时间 入场时间 出场时间 来电时间 受理时间 就诊日期 就诊时间 抄表日期 抄表时间 起租日期 成立日期",
        "time date datetime timestamp start_time end_time created_at updated_at entry_time exit_time visit_date year month day hour",
        "rq cjsj jzsj gxsj slsj jzrq kssj jssj rcsj ccsj",
    ),
    "DIAGNOSIS": (
        "诊断 疾病 病种 疾病名称 诊断名称 主要诊断 诊断编码 病情",
        "diagnosis disease illness icd icd10 icd_code",
        "zd zdmc zdbm jb jbmc",
    ),
    "MEDICATION": ("用药 处方 药品 药品名称", "medication drug prescription medicine", ""),
    "MEDICAL_DEPARTMENT": ("科室 就诊科室", "clinic_department", "ks jzks ksmc"),
    "HEALTH": (
        "症状 主诉 健康状况 既往史 过敏史 检查结果 检验结果 血型",
        "symptom symptoms health health_status allergy blood_type",
        "zs jws",
    ),
    "INCOME": (
        "收入 月收入 年收入 工资 薪资 薪酬 收入水平",
        "income salary wage salary_class earnings annual_income monthly_income",
        "sr nsr gzsr",
    ),
    "RELIGION": ("宗教 宗教信仰 信仰", "religion", "zjxy"),
    "POLITICAL_STATUS": ("政治面貌", "political_status party_member", "zzmm"),
    "OFFENCE": ("违法 犯罪 处罚 前科 案由 违法行为", "offence offense crime conviction penalty", ""),
    "CREDIT": ("信用评分 信用等级 征信", "credit_score credit_rating", ""),
    "DISABILITY": ("残疾 残疾类别 残疾等级 低保 低保类型 救助类型", "disability", ""),
    "BIOMETRIC": ("指纹 人脸 虹膜 声纹", "fingerprint face_id iris", ""),
    "CN_USCC": (
        "统一社会信用代码 社会信用代码 信用代码 纳税人识别号 税号 组织机构代码",
        "uscc credit_code social_credit_code unified_social_credit_code tax_no",
        "tyshxydm shxydm xydm nsrsbh",
    ),
    "PUBLIC_SERVICE_NUMBER": (
        "服务电话 客服电话 咨询电话 服务热线 咨询热线 热线 投诉电话 监督电话 举报电话 值班电话",
        "hotline service_phone service_hotline customer_service",
        "fwdh zxdh",
    ),
    "VEHICLE_TRAIT": (
        "车牌颜色 号牌种类 号牌颜色 车型 车辆类型 车辆品牌 车身颜色",
        "vehicle_type vehicle_model car_model plate_color plate_colour",
        "hpzl cllx",
    ),
    "INDUSTRY": ("行业 行业门类 行业类别 所属行业", "industry industry_code sector", "hy hyml hylb"),
    "HOUSEHOLD_SIZE": ("家庭人口 用水人口 家庭人口数 户内人数 家庭规模", "household_size family_size", "jtrk ysrk"),
    "FINANCE": (
        "租金 月租金 房租 余额 存款 贷款 贷款金额 负债 欠款 资产",
        "rent monthly_rent balance loan debt mortgage",
        "zj yzj",
    ),
    "CONSUMPTION": (
        "用水量 用电量 用气量 水量 电量 气量",
        "water_usage power_usage electricity_usage consumption kwh",
        "ysl ydl yql",
    ),
    "COMPANY_NAME": (
        "企业名称 公司 公司名称 单位名称 单位 机构名称 机构 商户名称 承办单位 主办单位 责任单位 中介机构 物业公司 运营商 运营单位 部门 处理部门 医院 医院名称 医疗机构 所属企业",
        "company company_name enterprise enterprise_name organization organisation organization_name firm operator agency department hospital",
        "qymc gsmc dwmc jgmc cbdw",
    ),
    "FREE_TEXT": (
        "内容 描述 备注 说明 详情 诉求 诉求内容 投诉内容 工单内容 问题描述 反映内容 处理结果 处理意见 答复 答复内容 回复内容 意见 留言 评论 情况说明 病历 现病史 摘要 事由 标题 主题 工单标题",
        "content description remark remarks comment comments note notes detail details text message feedback complaint summary title subject memo narrative reply",
        "nr bz ms sqnr gdnr wtms bt zt_text",
    ),
    "AMOUNT": (
        "金额 费用 价格 收费 押金 单价 总价 注册资本 缴费金额 应收 实收 水费 诊费 总费用",
        "amount fee price cost deposit charge total payment capital fare",
        "je fy fyze zje",
    ),
    "COUNT": (
        "数量 人数 次数 车位数 总数 泊位数 个数 户数 人口",
        "count quantity total_count population capacity spaces charge_count",
        "sl rs",
    ),
    "CATEGORY": (
        "类型 类别 分类 状态 级别 等级 方式 渠道 来源 性质 诉求类别 问题类型 颜色",
        "type category class status level kind grade channel source color colour model",
        "lx lb zt",
    ),
    "MEASURE": (
        "温度 气温 湿度 风速 风向 气压 降雨 降水 浓度 读数 本期读数 上期读数 面积 时长 距离 长度 高度 指数",
        "temperature humidity wind pressure rain rainfall pm25 pm10 aqi so2 no2 o3 co reading usage volume area duration distance perimeter speed height width weight index value",
        "bqds sqds qw xdsd jyl fs qy",
    ),
}
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[\u4e00-\u9fff]+")
_NUMBER_WORDS: Final = frozenset({"id", "no"})
_UNIT: Final = re.compile(r"[（(\[【].*?[)）\]】]|（.*|\(.*")


@dataclass(frozen=True, slots=True)
class Hint:
    """What the header suggests and how surely, 0 to 1."""

    type: str
    strength: float


@cache
def _chinese() -> dict[str, str]:
    return {term: name for name, (zh, _, _) in _TERMS.items() for term in zh.split()}


@cache
def _latin() -> dict[str, str]:
    words: dict[str, str] = {}
    for name, (_, en, short) in _TERMS.items():
        for term in (*en.split(), *short.split()):
            words.setdefault(term.replace("_", ""), name)
    return words


def read_header(header: str) -> Hint | None:
    """The likeliest type by the header alone, or None.

    >>> read_header("患者姓名").type, read_header("SFZH").type, read_header("native-country").type
    ('PERSON', 'CN_RESIDENT_ID', 'NATIONALITY')
    """
    plain = _UNIT.sub("", header).strip() or header.strip()
    if any("\u4e00" <= c <= "\u9fff" for c in plain):
        return _read_chinese(re.sub(r"[\s_\-./:：*]+", "", plain).lower())
    return _read_latin([word.lower() for word in _WORD.findall(plain)])


def _read_chinese(header: str) -> Hint | None:
    terms = _chinese()
    if header in terms:
        return Hint(terms[header], 0.95)
    for start in range(1, len(header) - 1):
        if header[start:] in terms:
            return Hint(terms[header[start:]], 0.85)
    if header[-1:] in "员人者" and 2 <= len(header) <= 6:
        return Hint("PERSON", 0.5)  # 巡查员, 采集人: who did it
    inside = [
        header[start:end]
        for start in range(len(header))
        for end in range(start + 2, len(header) + 1)
        if header[start:end] in terms
    ]
    if inside:
        return Hint(terms[max(inside, key=len)], 0.55)
    return None


def _read_latin(words: list[str]) -> Hint | None:
    terms = _latin()
    whole = "".join(words)
    if whole in terms:
        return Hint(terms[whole], 0.95 if len(whole) > 2 else 0.6)
    for length in range(len(words) - 1, 0, -1):
        for start in range(len(words) - length, -1, -1):
            part = "".join(words[start : start + length])
            if part in terms and (len(part) > 2 or part in _NUMBER_WORDS):
                return Hint(terms[part], 0.85 if start + length == len(words) else 0.55)
    return None
