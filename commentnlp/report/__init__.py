"""What the room talked about, when, who was answered, what hurts: events → report → renderers."""
