"""Exchanging one request for one answer, over requests and urllib3, in threads that may hang."""
