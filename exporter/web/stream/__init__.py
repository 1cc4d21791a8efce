"""The live stream: server-sent events of what the writer counted, and the page that shows them."""
