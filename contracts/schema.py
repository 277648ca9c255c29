"""The data contract: which fields a release has, what they mean and how they were treated; as ODCS 3 (Bitol) too."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.text import Text

FieldType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
Openness = Literal["unconditional", "conditional", "not_open"]
DataClass = Literal["general", "important", "core"]


class ContractField(BaseModel):
    """One published column. `range_of`/`bound` tie the two columns of a generalised range together."""

    model_config = ConfigDict(extra="forbid")

    name: str
    type: FieldType
    title: Text | None = None
    description: Text | None = None
    unit: str | None = None
    treatment: str = "keep"
    role: str = "plain"
    nullable: bool = True
    range_of: str | None = None
    bound: Literal["low", "high", "code", "level"] | None = None


class Coordinates(BaseModel):
    """A place in two columns, degrees of WGS84. Each is named as filters name it: a field, or the `range_of` of two
    where places were generalised to cells."""

    model_config = ConfigDict(extra="forbid")

    longitude: str
    latitude: str


class DataContract(BaseModel):
    """The fields of a release in order, and the columns that were left out. `primary_key`: a field that tells one row
    from any other and is never empty; of tables about persons it may be a pseudonym, so it need not last beyond the
    release. `coordinates`: which fields together say where something is."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    fields: list[ContractField]
    left_out: list[str] = Field(default_factory=list)
    primary_key: str | None = None
    coordinates: list[Coordinates] = Field(default_factory=list)

    def field(self, name: str) -> ContractField | None:
        """The field called `name`, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def odcs(self, *, id: str, name: str, version: str, status: str = "active") -> dict[str, Any]:
        """This contract as Open Data Contract Standard 3.0."""
        return {
            "apiVersion": "v3.0.2",
            "kind": "DataContract",
            "id": id,
            "name": name,
            "version": version,
            "status": status,
            "schema": [
                {
                    "name": name,
                    "logicalType": "object",
                    "properties": [
                        {
                            "name": field.name,
                            "logicalType": field.type if field.type != "timestamp" else "date",
                            "required": not field.nullable,
                            "primaryKey": field.name == self.primary_key,
                            "classification": field.role,
                        }
                        for field in self.fields
                    ],
                }
            ],
        }
