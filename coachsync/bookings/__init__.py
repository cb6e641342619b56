"""Where bookings come from: what other systems hold, read as bookings."""
