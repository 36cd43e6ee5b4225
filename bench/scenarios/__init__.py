"""One scenario a file: `async def NAME(stage) -> list[Row]`; the table of them is `bench/__main__.py`."""
