"""Is the forecast any good, and better than what anyone could have said without it?"""
