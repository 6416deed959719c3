"""The operations of samples; samples.py has their shapes."""

from relay.wire.operation import Nothing, Operation
from relay.wire.playground import Succeeded
from relay.wire.samples import SampleForm, SamplePage, UploadedSample

TAG = "playground"

UPLOAD_SAMPLE = Operation(
    method="POST",
    path="/api/samples/upload",
    tag=TAG,
    body=SampleForm,
    query=Nothing,
    reply=UploadedSample,
    streamed=True,
    text="Upload a WAV or MP3 file as a sample of yours.",
)
SAMPLES = Operation(
    method="GET",
    path="/api/samples",
    tag=TAG,
    body=Nothing,
    query=Nothing,
    reply=SamplePage,
    text="Your samples, and how much room they take.",
)
DELETE_SAMPLE = Operation(
    method="DELETE",
    path="/api/samples/{creation_id}",
    tag=TAG,
    body=Nothing,
    query=Nothing,
    reply=Succeeded,
    text="Delete a sample of yours.",
)
