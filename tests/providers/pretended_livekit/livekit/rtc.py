"""Frames of audio."""


class AudioFrame:
    def __init__(
        self, data: bytes, sample_rate: int, num_channels: int, samples_per_channel: int
    ) -> None:
        assert len(data) == 2 * num_channels * samples_per_channel
        self.data = memoryview(data).cast("h")
        self.sample_rate, self.num_channels = sample_rate, num_channels
        self.samples_per_channel = samples_per_channel
        self.userdata: dict[str, object] = {}
