"""complaintlab."""
