"""What alarms are made of."""
