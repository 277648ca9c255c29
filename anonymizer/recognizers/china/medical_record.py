"""CN_MEDICAL_RECORD_NUMBER: numbers under which a hospital keeps a patient.

Each hospital numbers for itself (病案首页 of the National Health Commission only asks for one), so the label decides.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class MedicalRecordNumber(LabelledGrammar):
    """A number after 病历号, 住院号, 门诊号, 就诊卡 and their like."""

    entity = "CN_MEDICAL_RECORD_NUMBER"
    requires = ("病历", "病案", "住院", "门诊", "就诊", "诊疗", "挂号", "检验", "健康卡", "MRN", "mrn")
    labels = r"(?:病历|病案|住院|门诊|就诊|挂号|检验单)(?=号|编号|ID|:)|就诊卡|诊疗卡|健康卡|MRN"
    value = r"[A-Za-z]{0,4}-?\d{5,16}"
