"""The globals of the web platform that are about the network and streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.js.stream_parts import ByteLengthStrategy, CountStrategy, hidden_class, strategy_class
from runtime_core.js.stream_sink import SinkController
from runtime_core.js.stream_source import ByteController, StreamController
from runtime_core.js.stream_transform import TransformController, transform_stream_class
from runtime_core.js.stream_writable import writable_stream_class, writer_class
from runtime_core.js.values import JsValue
from runtime_core.js.web_blob import blob_class, file_class
from runtime_core.js.web_fetch import fetch_function
from runtime_core.js.web_form import form_data_class
from runtime_core.js.web_headers import headers_class
from runtime_core.js.web_request import request_class
from runtime_core.js.web_response import response_class
from runtime_core.js.web_stream import readable_stream_class, reader_class
from runtime_core.js.web_xhr import xhr_class

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

WEB_MAKERS: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    "Blob": blob_class,
    "ByteLengthQueuingStrategy": strategy_class(ByteLengthStrategy),
    "CountQueuingStrategy": strategy_class(CountStrategy),
    "File": file_class,
    "FormData": form_data_class,
    "Headers": headers_class,
    "ReadableByteStreamController": hidden_class(ByteController),
    "ReadableStream": readable_stream_class,
    "ReadableStreamDefaultController": hidden_class(StreamController),
    "ReadableStreamDefaultReader": reader_class,
    "Request": request_class,
    "Response": response_class,
    "TransformStream": transform_stream_class,
    "TransformStreamDefaultController": hidden_class(TransformController),
    "WritableStream": writable_stream_class,
    "WritableStreamDefaultController": hidden_class(SinkController),
    "WritableStreamDefaultWriter": writer_class,
    "XMLHttpRequest": xhr_class,
    "fetch": fetch_function,
}
