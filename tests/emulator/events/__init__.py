"""EventBridge of the local AWS: rules, patterns, schedules."""
