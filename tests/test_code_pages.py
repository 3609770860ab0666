"""Texts whose code nobody says, or says wrongly: what they are read as, what is said, how it is overridden."""

from __future__ import annotations

import warnings

import pyogrio
import pytest
from drawings import digest, layer, line, town

from gisheat.errors import InputError
from gisheat.layers import read_layers, shapefiles, vectors
from gisheat.layers.code_pages import called, code_of, decoded, recognise
from gisheat.layers.files import column_names, read_source

CHINESE = "热力站编号 供热面积 管径 状态 现状 规划 木兰县第一小学 吉兴路 锦绣家园"
TAIWANESE = "東關熱力站 龍江路 臺北市 換熱站 計畫"
WESTERN = "Müllerstraße Österreich Übergabestation"
RUSSIAN = "Вокзальная улица тепловая сеть"


def encoded(words, code):
    return [word.encode(code) for word in words.split()]


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (CHINESE, "utf-8", "UTF-8"), (CHINESE, "gbk", "GBK"), (CHINESE, "gb18030", "GBK"), ("热力站", "gbk", "GBK"),
        ("联通", "gbk", "GBK"), (TAIWANESE, "big5", "Big5"), (TAIWANESE, "utf-8", "UTF-8"),
        (WESTERN, "cp1252", "CP1252"),
        (WESTERN, "utf-8", "UTF-8"), (RUSSIAN, "utf-8", "UTF-8"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("said", ["", "utf-8", "gb18030", "cp1252"])
def test_the_code_is_found_from_the_bytes_whatever_the_file_says(words, code, name, said):
    """A code that can't be that of the bytes is not believed; 联通 in GBK is valid UTF-8 of other signs too."""
    raw = encoded(words, code)
    page = recognise(raw, said)
    if words == "联通" and said:  # both would do: the file decides
        assert page.name in ("GBK", "UTF-8")
        return
    assert page.name == name
    assert [decoded(text, page.code).text for text in raw] == words.split()
    assert page.contradicts == bool(said and called(said) != name)


def test_ascii_says_nothing_of_its_code():
    assert recognise([b"H1", b"DN200"]).plain


def test_a_code_that_nobody_can_tell_is_doubtful_and_what_the_file_says_is_taken():
    raw = encoded(RUSSIAN, "cp1251")
    assert recognise(raw).doubtful
    assert recognise(raw, "cp1251").code == "cp1251"


@pytest.mark.parametrize("cut", [1, 2])
def test_a_character_cut_in_the_middle_makes_no_other_code(cut):
    """A column of a .dbf ends where it ends: 254 bytes hold 84 characters of UTF-8 and two thirds of one."""
    raw = [*encoded(CHINESE, "utf-8"), "热力站".encode()[:-cut]]
    assert recognise(raw).name == "UTF-8"
    assert decoded(raw[-1], "utf-8") == ("热力", True, False)


def test_one_damaged_text_makes_no_other_code_of_the_rest():
    raw = [*(f"热力站{i}号".encode() for i in range(99)), b"\xff\xfe\xfd"]
    assert recognise(raw).name == "UTF-8"


@pytest.mark.parametrize(
    ("written", "code"),
    [("936", "gb18030"), ("GBK", "gb18030"), ("ANSI 936", "gb18030"), ("65001", "utf-8"), ("utf8", "utf-8"),
     ("88591", "iso8859-1"), ("ISO-8859-15", "iso8859-15"), ("Big5", "cp950"), ("950", "cp950"), ("1252", "cp1252"),
     ("rot13", ""), ("base64", ""), ("?", ""), ("", "")],
)  # fmt: skip
def test_names_of_codes_as_files_write_them(written, code):
    assert code_of(written) == code


# Shapefiles ------------------------------------------------------------------------------------------------


def shapefile(folder, code, *, says=None, driver=0, name="管道"):
    """Pipes whose names of columns and texts are in a code; what .cpg and language byte say."""
    folder.mkdir(parents=True, exist_ok=True)
    pipes = layer(
        [line((0, 0), (100, 0)), line((100, 0), (200, 0))],
        管线=["干一", "干二"],
        名称=["吉兴路", "锦绣家园"],
        管径=[300.0, 250.0],
    )
    file = folder / f"{name}.shp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ten bytes hold three characters of UTF-8 and a third of one
        pyogrio.write_dataframe(pipes, file, encoding=code)
    file.with_suffix(".cpg").unlink()
    if says:
        file.with_suffix(".cpg").write_text(says)
    table = file.with_suffix(".dbf")
    raw = bytearray(table.read_bytes())
    raw[29] = driver
    table.write_bytes(raw)
    return file


@pytest.mark.parametrize(
    ("code", "says", "driver", "rules", "words"),
    [
        ("GBK", None, 0, [], "texts read as GBK: there is no .cpg"),
        ("GBK", None, 0x57, [], "texts read as GBK: there is no .cpg"),
        ("GBK", None, 0x4D, [], None),
        ("GBK", "936", 0, [], None),
        ("GBK", "UTF-8", 0, ["encoding-wrong"], "though the .cpg says UTF-8"),
        ("GBK", None, 0x03, ["encoding-wrong"], "though the language byte of the .dbf says CP1252"),
        ("UTF-8", None, 0, [], "texts read as UTF-8: there is no .cpg"),
        ("UTF-8", "GBK", 0, ["encoding-wrong"], "though the .cpg says GBK"),
        ("UTF-8", None, 0x4D, ["encoding-wrong"], "though the language byte of the .dbf says GBK"),
        ("UTF-8", "UTF-8", 0, [], None),
        ("UTF-8", "klingon", 0, [], "there is no .cpg"),
    ],
)
def test_a_shapefile_is_read_in_the_code_that_it_is_in(tmp_path, code, says, driver, rules, words):
    file = shapefile(tmp_path, code, says=says, driver=driver)
    before = digest(tmp_path)
    layers = read_layers({"pipes": str(file)})
    assert layers["pipes"]["管线"].tolist() == ["干一", "干二"]
    assert layers["pipes"]["dn_mm"].tolist() == [300.0, 250.0]
    assert layers["pipes"]["名称"].tolist() == ["吉兴路", "锦绣家园"]
    assert [f.rule for f in layers.findings] == rules
    said = [note for note in layers.notes if "texts" in note]
    assert [words in note for note in said] == ([True] if words else [])
    assert column_names(str(file)) == ["管线", "名称", "管径"]
    assert digest(tmp_path) == before


def test_the_option_wins_over_what_the_texts_look_like(tmp_path):
    file = shapefile(tmp_path, "GBK")
    read = read_source("pipes", str(file), "big5")
    assert read.table.iloc[0, 0] != "干一"
    assert read.notes[0] == "pipes: texts read as Big5, as the option encoding says"
    with pytest.raises(InputError, match="the encoding 'klingon' is unknown: write it as GBK"):
        read_source("pipes", str(file), "klingon")


def test_a_text_that_the_width_of_its_column_cuts_keeps_its_whole_characters(tmp_path):
    """254 bytes are the most that a column of a .dbf holds: 84 characters of UTF-8 and two thirds of one."""
    file = tmp_path / "pipes.shp"
    text = "x" * 252 + "yz"
    pyogrio.write_dataframe(layer([line((0, 0), (9, 0))], pipe_id=["P1"], remark=[text]), file, encoding="UTF-8")
    table = file.with_suffix(".dbf")
    cut = ("管" * 85).encode()[:254]
    table.write_bytes(table.read_bytes().replace(text.encode(), cut))
    read = read_source("pipes", str(file))
    assert read.table["remark"].tolist() == ["管" * 84]
    assert [(f.rule, f.source_fid) for f in read.findings] == [("text-cut", 0)]


def test_every_byte_of_a_text_comes_through(tmp_path):
    """GDAL reads it as ISO-8859-1, in which each byte is a character; GBK has lead bytes from 81 on."""
    file = tmp_path / "pipes.shp"
    pyogrio.write_dataframe(layer([line((0, 0), (9, 0))], remark=["x" * 253 + "y"]), file)
    raw = bytes(b for b in range(1, 256) if b != 0x20)
    table = file.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"x" * 253 + b"y", raw))
    assert vectors.read_dataframe(file, "pipes", shapefiles.AS_BYTES)["remark"].iloc[0].encode("latin-1") == raw


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        (".shx", "has no .shx; its index was made anew, in a copy"),
        (".dbf", "has no .dbf, so its features have no attributes"),
    ],
)
def test_a_shapefile_without_all_of_its_parts_is_read_and_stays_as_it_is(tmp_path, gone, words):
    file = tmp_path / "pipes.shp"
    pyogrio.write_dataframe(town()["pipes"], file)
    file.with_suffix(gone).unlink()
    before = digest(tmp_path)
    layers = read_layers({"pipes": str(file)})
    assert len(layers["pipes"]) == 3
    assert any(words in note for note in layers.notes)
    assert digest(tmp_path) == before


def test_a_shapefile_without_prj_names_the_systems_that_would_fit(tmp_path):
    file = tmp_path / "pipes.shp"
    pyogrio.write_dataframe(town()["pipes"], file)
    file.with_suffix(".prj").unlink()
    with pytest.raises(InputError, match=r"layer pipes carries no CRS: .*EPSG:4534 to 4554 \(CGCS2000\)"):
        read_layers({"pipes": str(file)})
    assert read_layers({"pipes": str(file)}, crs="EPSG:4552").crs.to_epsg() == 4552


def test_a_name_of_a_column_that_is_cut_in_its_unit_is_known_and_its_unit_doubtful(tmp_path):
    """Ten bytes of GBK hold 供热面积, the bracket, and half of what follows."""
    file = tmp_path / "stations.shp"
    pyogrio.write_dataframe(town()["stations"].assign(ABCDEFGHIJ=[3.2, 1.5]), file, encoding="GBK")
    table = file.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"ABCDEFGHIJ", "供热面积(万m2)".encode("gbk")[:10]))
    layers = read_layers({"stations": str(file)})
    assert layers["stations"]["heated_area_m2"].tolist() == [3.2, 1.5]
    assert "unit-doubtful" in [f.rule for f in layers.findings]
