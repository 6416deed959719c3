"""The bundle's tests run as those under tests/ do, wherever a shell started them."""

from tests.conftest import pytest_configure

__all__ = ["pytest_configure"]
