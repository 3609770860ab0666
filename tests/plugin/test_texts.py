"""The translations are whole."""

import re

import plugin_texts


def test_every_text_is_translated_and_none_is_left_over():
    """`python tools/plugin_texts.py` brings the file up to date and says what is missing."""
    known = plugin_texts.translations()
    assert list(known) == plugin_texts.texts()
    assert [text for text, said in known.items() if not said] == []


def test_translations_keep_the_places_for_values():
    for text, said in plugin_texts.translations().items():
        assert sorted(re.findall(r"{\d?}", text)) == sorted(re.findall(r"{\d?}", said)), text


def test_translations_are_chinese_and_keep_identifiers():
    for text, said in plugin_texts.translations().items():
        assert re.search(r"[\u4e00-\u9fff]", said), text
        for name in re.findall(r"\b(?:[a-z]+_[a-z_]+|\*\.[a-z]+|cn-steel|en-steel|EPSG:\d+)\b", text):
            assert name in said, text
