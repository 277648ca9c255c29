"""What the detection benchmark measures with: labelled texts, scoring, and the peers it stands beside."""
