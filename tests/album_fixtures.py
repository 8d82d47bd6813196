"""Fixtures for the tests of the panel's albums: one notebook a module, a history for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from album_page import AlbumPage
from lab import Lab, Notebook
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def album_desk(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """Open one notebook for the albums of a module."""
    notebook = Notebook(lab, browser, name=request.module.__name__)
    notebook.open("", "")
    yield notebook
    notebook.close()
    assert notebook.complaints == []
    assert notebook.strangers == []


@pytest.fixture
def album(album_desk: Notebook, lab: Lab, request: pytest.FixtureRequest) -> AlbumPage:
    """Return the page with a history of the test's own."""
    return AlbumPage(album_desk, lab.folder.parent / "histories" / request.node.name)
