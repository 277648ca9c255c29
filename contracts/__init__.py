"""What the parts agree on: shared words without business rules. `contracts.kit` is what every service stands on."""
