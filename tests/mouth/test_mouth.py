"""What a caller hears and what the machines are told, reply by reply."""

from conftest import Stage, play
