"""The jail's side, and the data format that both sides share."""
