"""What people say to the hotline. `{slot}` is filled by `hotline_text`; the words are invented.

A ticket is an opening (who), a body of its category (what) and an ending (what is wanted). Some
tickets are one piece: notes of an operator in a hurry, letters, chat messages, forms. Some hold
what only looks personal: shops called after people, public numbers, case and receipt numbers.
"""

from __future__ import annotations

OPENINGS = (
    "市民{name}来电反映，",
    "{name}（电话{phone}）反映：",
    "来电人{name}，身份证号{id}，住{address}，反映",
    "【实名诉求】{name}，{phone}，",
    "您好，我叫{name}，住在{address}，",
    "我是{address}的住户{name}，手机{phone}，",
    "{surname}{title}来电，联系方式{phone}，称",
    "{surname}{title}（住址：{address}）来电称",
    "诉求人：{name}；联系电话：{phone_odd}；诉求：",
    "市民本人{name}，证件号{id_odd}，留电{phone}。反映内容：",
    "业主{surname}{title}反映，",
    "租户{name}投诉，",
    "网友留言：本人姓名{name}，邮箱{email}。",
    "工单转派：{surname}{title}，{phone_odd}，",
    "{name}代其母亲{other}反映，",
    "老人{name}（{id}）由社区工作人员协助来电，",
    "市民（要求保密，只留电话{phone}）反映，",
    "{name}再次来电，前次工单{ticket}未解决，",
    "{name}与同楼住户{other}联名反映，",
    "坐席记录：来电人{name}，固话{landline}，",
    "姓名：{name}\n电话：{phone}\n地址：{address}\n事由：",
    "你好！我是{name},手机号:{phone_odd},",
    "{company}员工{name}来电，",
    "匿名市民反映，",
    "有群众通过微信公众号反映，",
)

BODIES: dict[str, tuple[str, ...]] = {
    "噪音扰民": (
        "{place}附近工地夜间施工，从{date}起连续几晚到凌晨两点还在打桩，影响休息。",
        "楼上{address_short}的住户{other}每天晚上拖动家具、放音响，多次沟通无果，其电话是{phone2}。",
        "{place}广场舞音响过大，带头的是{surname2}阿姨，劝阻不听。",
        "小区内{company}装修不按时间施工，现场负责人{other}（{phone2}）说有许可证，但拿不出来。",
        "隔壁{address_short}开设培训班，早晚练琴，房东{other}不管。",
    ),
    "违法停车": (
        "{place}人行道长期被车牌{plate}的小车占用，轮椅过不去。",
        "消防通道被{plate_odd}堵住，挪车电话{phone2}一直不接，已有三天。",
        "本人车辆{plate}于{date}在{place}被贴单，当时停在泊位内，请核实订单{order}。",
        "{address_short}门口每天有一辆{plate_odd}过夜，车主自称{other}，态度恶劣。",
        "两辆车{plate}、{plate2}长期霸占公共车位，疑似僵尸车。",
    ),
    "物业管理": (
        "电梯坏了半个月，物业经理{other}说等配件，电话{phone2}打不通。",
        "物业公司{company}擅自提高停车费，收据号{order}，要求退还多收的费用。",
        "保安{other}与业主发生争执，当时在{place}，监控可以证明。",
        "楼顶漏水到家里，{address_short}天花板脱落，物业主任{surname2}主任答应{date}来修，至今未来。",
        "业委会主任{other}未公开维修资金账目，要求其提供明细，可寄至{email}。",
    ),
    "供水供电": (
        "{date}起停水至今，未见通知，水表号{order}，户主为{name}。",
        "水费突然比上月多三倍，户号{order}，抄表员{other}说是漏水，现场没有发现。",
        "{address_short}水压太低，五楼以上早上没有水，家里有孕妇。",
        "电表箱冒火花，联系电工{other}（{phone2}）未到，担心出事。",
        "自来水有异味、发黄，{place}一带住户都有同样情况。",
        "缴费回执流水号2026{order}0001查不到记录，银行说已经扣款。",
    ),
    "劳动纠纷": (
        "在{company}工作，公司拖欠三个月工资，负责人{other}，电话{phone2}。",
        "{company}（统一社会信用代码{uscc}）未缴社保，人事{surname2}经理让我签自愿放弃声明。",
        "被{company}辞退未给补偿，入职时登记的身份证是{id}，合同编号{order}。",
        "工友{other}在工地受伤，老板{surname2}总不肯出医药费，工地在{place}。",
        "试用期工资没有发，已发邮件到{email2}，没有人答复。",
        "仲裁案号深福劳人仲案{order}号，{date}开庭，仲裁员未到，请督促。",
    ),
    "消费维权": (
        "在{place}一家店办了健身卡，店已关门，收款人{other}，账号绑定手机{phone2}，金额三千元。",
        "网上购买{company}的家具，订单{order}，收到时破损，客服推诿。",
        "教育机构跑路，老师{other}已失联，家长群里共有四十多人，发票抬头为{company}，税号{uscc}。",
        "美容院诱导贷款，业务员{surname2}小姐，微信同号{phone2}。",
        "餐馆就餐后腹泻，{date}在社康就诊，要求赔偿，票据发到{email2}。",
        "在陈记肠粉店吃到异物，老板{surname2}先生不承认，已打12315登记，编号{order}。",
        "{place}旁的周小妹奶茶店停业，充值卡余额退不了。",
    ),
    "房屋租赁": (
        "租住{address_short}，退租后房东{other}不退押金五千元，房东电话{phone2}。",
        "二房东{other}（身份证{id2}）收完租金失联，房子被真正的业主收回。",
        "出租屋甲醛超标，中介{company}的{surname2}经理拒绝退租。",
        "办理居住证需要租赁备案，房东{other}不配合提供房产证。",
        "房东私拉电线，群租隔断，地址{address2}，有安全隐患。",
    ),
    "市容环境": (
        "{place}垃圾桶多日没有清运，气味难闻，蚊虫多。",
        "{place}旁有人占道经营烧烤，油烟进了居民家。",
        "{company}门口堆放建筑垃圾，占用盲道。",
        "小区绿化带被{other}私自种菜，施肥发臭。",
        "{date}大雨后{place}积水没过脚踝，井盖松动，请尽快处理。",
        "{place}的向阳花店和安康药房把货物堆到人行道，城管来过又摆出来。",
    ),
    "医疗卫生": (
        "{name}在社康接种疫苗，系统里没有记录，身份证{id}，请补录。",
        "为父亲{other}（{id2}）申请家庭医生，社康一直没有联系，留的电话是{phone2}。",
        "{date}在社康排队两小时，护士{surname2}护士态度生硬。",
        "医保卡异地备案失败，预留手机{phone2}收不到验证码。",
        "急救车{date}来{address_short}接老人，路口被堵，耽误了时间。",
        "咨询金银花颗粒能否用医保，黄大妈药房说要打12345问，114也查不到。",
    ),
    "交通出行": (
        "{place}红绿灯时间太短，老人过不了马路。",
        "共享单车乱停在{place}出口，堵住通道，每天早高峰都这样。",
        "公交车司机在{place}甩站，车牌{plate}，时间{date}。",
        "骑共享单车未锁好被多扣费用，订单{order}，账户手机{phone2}。",
        "网约车{plate_odd}司机{surname2}师傅绕路，要求退费。",
        "公交M474线{date}一个小时没有来车，站牌上的96666没人接。",
    ),
}

ENDINGS = (
    "请相关部门核实处理。",
    "希望尽快回复，联系电话{phone}。",
    "请回电{phone_odd}，联系人{name}。",
    "要求书面答复，寄{address}，{name}收。",
    "结果请发邮箱{email}。",
    "市民要求回访。",
    "望处理，谢谢！",
    "如打不通请联系其家属{other}，{phone2}。",
    "不同意公开个人信息。",
    "已告知办理时限，市民表示理解。",
    "请转交{surname2}科长，之前是他负责的。",
    "急！急！急！",
    "备用联系方式{landline}。",
    "多谢你们，辛苦了",
    "",
    "",
)

WHOLE: dict[str, tuple[str, ...]] = {
    "违法停车": (
        "挪车 {plate} {place} 联{phone}",
        "{plate_odd}压线停放，{name}，{phone}，催办。",
        "求助：我的车{plate}被{plate2}剐蹭，对方留了{phone2}，打过去说不认识。我叫{name}，{id}。",
    ),
    "供水供电": (
        "停水。{address}。{surname}{title}{phone_odd}",
        "户主{name}/{phone}/{address}/水表倒转，要求上门",
    ),
    "劳动纠纷": (
        "尊敬的领导：\n我叫{name}，身份证{id}，{date}进入{company}上班，至今未拿到工资。"
        "主管{other}电话{phone2}已关机。\n此致 敬礼",
        "讨薪，{name}等6人，工头{other}{phone2}，工地{place}",
    ),
    "医疗卫生": (
        "患者{name}，{id_odd}，{phone}，需要开具就诊证明，邮寄{address}。",
        "咨询家庭医生签约 {name} {id} {phone_odd}",
    ),
    "房屋租赁": (
        "姓名{name} 电话{phone} 租房地址{address} 房东{other} 电话{phone2} 问题：不退押金",
        "咨询公租房轮候结果，申请人{name}，共同申请人{other}，证件{id2}。",
    ),
    "噪音扰民": (
        "楼下酒吧吵 {address} {surname}{title}",
        "{name}: {place}半夜放鞭炮！！！电话{phone}",
    ),
    "物业管理": ("物业{surname2}经理骂人，{name}要求道歉，{phone}，{address}",),
    "消费维权": ("退款 {company} 订单{order} {name} {phone} {email}",),
    "市容环境": ("{place}有死老鼠，请清理", "{place}路灯不亮"),
    "交通出行": ("建议在{place}增设斑马线。", "{place}早高峰太堵，{name}建议调整信号灯，可电{phone}或写信{email}"),
}

RENTAL_REMARKS = (
    "合同由{other}代签，电话{phone}",
    "中介{company}经办，业务员{surname2}先生",
    "同住人{other}，{id2}",
    "押一付三",
    "已核验房产证原件",
    "租金由{name}之父转账",
    "退租时间待定，联系{phone_odd}",
    "带家私家电",
    "续租",
)

WATER_REMARKS = (
    "门锁未入户，电话{phone}联系{name}",
    "估抄",
    "表井积水",
    "租户{other}代收通知",
    "换表，旧表号{order}",
    "用户{surname}{title}要求复核，{phone_odd}",
    "表面模糊",
)
