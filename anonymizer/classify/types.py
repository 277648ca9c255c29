"""What a column can mean, and which part it plays in a table about persons.

Types that are found in text too carry the recogniser's name (Presidio's spelling where it has one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["identifier", "attribute", "sensitive", "event", "place", "organisation", "text", "plain"]
"""identifier: names one person, vehicle, device or account. attribute: a trait of a person, known to others.
sensitive: what must not be learnt. event and place: when and where; they tell of persons only in a table about persons.
organisation: belongs to a company or authority. plain: says nothing about anybody."""


@dataclass(frozen=True, slots=True)
class SemanticType:
    """A meaning with its names for people."""

    name: str
    group: Group
    zh: str
    en: str


_ALL: Final = (
    ("PERSON", "identifier", "姓名", "a person's name"),
    ("CN_RESIDENT_ID", "identifier", "居民身份证号码", "a resident identity number"),
    ("CN_MOBILE", "identifier", "手机号码", "a mobile number"),
    ("CN_LANDLINE", "identifier", "固定电话号码", "a landline number"),
    ("PHONE_NUMBER", "identifier", "电话号码", "a telephone number"),
    ("EMAIL_ADDRESS", "identifier", "电子邮箱", "an e-mail address"),
    ("CN_BANK_CARD", "identifier", "银行卡号", "a bank card number"),
    ("CN_LICENSE_PLATE", "identifier", "车牌号码", "a number plate"),
    ("CN_PASSPORT", "identifier", "护照号码", "a passport number"),
    ("CN_TRAVEL_PERMIT", "identifier", "往来通行证号码", "a travel permit number"),
    ("HK_IDENTITY_CARD", "identifier", "香港身份证号码", "a Hong Kong identity card number"),
    ("CN_SOCIAL_SECURITY_NUMBER", "identifier", "社保或医保号码", "a social security number"),
    ("CN_MEDICAL_RECORD_NUMBER", "identifier", "病历或就诊号码", "a medical record number"),
    ("WECHAT_ID", "identifier", "微信号", "a WeChat account"),
    ("QQ_NUMBER", "identifier", "QQ号", "a QQ account"),
    ("IP_ADDRESS", "identifier", "IP地址", "an IP address"),
    ("MAC_ADDRESS", "identifier", "设备地址", "a device address"),
    ("DEVICE_ID", "identifier", "设备识别码", "a device identifier"),
    ("CN_VIN", "identifier", "车辆识别代号", "a vehicle identification number"),
    ("ACCOUNT_ID", "identifier", "账号或户号", "an account number"),
    ("CN_FOREIGN_RESIDENT_ID", "identifier", "外国人永久居留证号码", "a number of a foreigner's residence card"),
    ("MO_IDENTITY_CARD", "identifier", "澳门身份证号码", "a Macao identity card number"),
    ("CN_MILITARY_ID", "identifier", "军人证件号码", "a number of a military paper"),
    ("CN_DRIVER_LICENSE", "identifier", "驾驶证档案编号", "a file number of a driver's licence"),
    ("ALIPAY_ACCOUNT", "identifier", "支付宝账号", "an Alipay account"),
    ("URL", "identifier", "带身份信息的网址", "a web address that tells who asks"),
    ("IBAN_CODE", "identifier", "国际银行账号", "an international bank account number"),
    ("US_SSN", "identifier", "美国社会安全号码", "a US social security number"),
    ("COORDINATES", "place", "坐标", "coordinates"),
    ("ORGANIZATION", "attribute", "所在单位或学校", "where a person works or learns"),
    ("CN_ORGANIZATION_CODE", "organisation", "组织机构代码", "a code of an organisation"),
    ("CN_TAX_NUMBER", "organisation", "税务登记号", "a tax number"),
    ("RECORD_ID", "plain", "记录编号", "a record number"),
    ("CN_ADDRESS", "place", "详细地址", "an address"),
    ("AGE", "attribute", "年龄", "age"),
    ("SEX", "attribute", "性别", "sex"),
    ("BIRTH_DATE", "attribute", "出生日期", "date of birth"),
    ("ETHNICITY", "attribute", "民族或种族", "ethnic group"),
    ("NATIONALITY", "attribute", "国籍", "nationality"),
    ("NATIVE_PLACE", "attribute", "籍贯或户籍地", "place of origin"),
    ("EDUCATION", "attribute", "学历", "education"),
    ("MARITAL_STATUS", "attribute", "婚姻状况", "marital status"),
    ("RELATIONSHIP", "attribute", "家庭关系", "family relation"),
    ("OCCUPATION", "attribute", "职业", "occupation"),
    ("WORKCLASS", "attribute", "就业类型", "class of work"),
    ("EMPLOYER", "attribute", "工作单位", "employer"),
    ("HUKOU", "attribute", "户口性质", "household registration"),
    ("POSTAL_CODE", "place", "邮政编码", "postal code"),
    ("DIVISION", "place", "行政区划", "administrative division"),
    ("PLACE", "place", "地点名称", "a place"),
    ("LATITUDE", "place", "纬度", "latitude"),
    ("LONGITUDE", "place", "经度", "longitude"),
    ("DATE_TIME", "event", "日期或时间", "a date or time"),
    ("VEHICLE_TRAIT", "event", "车辆特征", "a trait of a vehicle"),
    ("INDUSTRY", "event", "行业", "a line of business"),
    ("HOUSEHOLD_SIZE", "attribute", "家庭人口", "size of the household"),
    ("DIAGNOSIS", "sensitive", "诊断", "a diagnosis"),
    ("MEDICATION", "sensitive", "用药", "medication"),
    ("MEDICAL_DEPARTMENT", "sensitive", "就诊科室", "a medical department"),
    ("HEALTH", "sensitive", "健康状况", "health"),
    ("INCOME", "sensitive", "收入", "income"),
    ("FINANCE", "sensitive", "个人财务", "personal finances"),
    ("CONSUMPTION", "sensitive", "用水用电等消费量", "consumption of a household"),
    ("RELIGION", "sensitive", "宗教信仰", "religion"),
    ("POLITICAL_STATUS", "sensitive", "政治面貌", "political status"),
    ("OFFENCE", "sensitive", "违法或处罚情况", "offences"),
    ("CREDIT", "sensitive", "信用状况", "credit standing"),
    ("DISABILITY", "sensitive", "残疾情况", "disability"),
    ("BIOMETRIC", "sensitive", "生物识别信息", "biometrics"),
    ("CN_USCC", "organisation", "统一社会信用代码", "a social credit code of an organisation"),
    ("COMPANY_NAME", "organisation", "单位名称", "the name of an organisation"),
    ("PUBLIC_SERVICE_NUMBER", "organisation", "公共服务电话", "a public service number"),
    ("FREE_TEXT", "text", "自由文本", "free text"),
    ("AMOUNT", "plain", "金额", "an amount of money"),
    ("MEASURE", "plain", "数值", "a measurement"),
    ("COUNT", "plain", "数量", "a count"),
    ("CATEGORY", "plain", "类别", "a category"),
)
TYPES: Final[dict[str, SemanticType]] = {row[0]: SemanticType(*row) for row in _ALL}
