"""The deploy kind git and repositories in which files only stand for their content."""

from __future__ import annotations

import pytest

from opsroom.deploys.git.options import KINDS
from opsroom.errors import Code
from support.deploys.git import World, options_of
from support.errors import failure_of
from support.worlds.repositories import Repository

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n"
CIPHERTEXT = "U2FsdGVkX1+gnB3Ea1rTjQzXW3r0pG8Y\n"
ATTRIBUTES = "*.secret filter=crypt diff=crypt merge=crypt\n"

INCOMPLETE = {
    "lfs": [
        {"big.bin": LFS},
        {"deep/er/big.bin": LFS.rstrip("\n")},
        {"old.bin": LFS.replace("git-lfs", "hawser")},
        {"older.bin": LFS.replace("https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2")},
        {"with blanks/windows line ends.bin": LFS.replace("\n", "\r\n")},
        {"ext.bin": LFS.replace("\noid", f"\next-0-foo sha256:{OID}\noid")},
    ],
    "git-crypt": [{"key.pem": b"\0GITCRYPT\0" + b"\x8f" * 40}],
    "git-annex": [{"data.iso": f"/annex/objects/SHA256E-s123--{OID}.iso\n"}],
    "filters": [
        {".gitattributes": ATTRIBUTES, "db.secret": CIPHERTEXT},
        {
            "conf/.gitattributes": ATTRIBUTES,
            "conf/db.secret": "age-encryption.org/v1\n-> X25519 x\n",
        },
    ],
}
COMPLETE = [
    {"README.md": f"A pointer begins with\n\n    {LFS}"},
    {"empty": "", "short": "v"},
    {"large.txt": LFS + "x" * 2000},
    {"notes": "version https://git-lfs.github.com/spec/v1 is where the format is described\n"},
    {"docs": "see /annex/objects/ for more\n"},
    {
        "vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n6132\n",
        "sops.yaml": "a: ENC[AES256_GCM,data:x]\nsops: {}\n",
    },
    # On purpose: no filter of git is for them.
    {"db.secret": CIPHERTEXT, "mail.asc": "-----BEGIN PGP MESSAGE-----\n"},
    {".gitattributes": "*.ipynb filter=nbstripout\n", "db.secret": CIPHERTEXT, "a.ipynb": "{}"},
    {
        ".gitattributes": f"{ATTRIBUTES}open.secret -filter\n",
        "open.secret": CIPHERTEXT,
        "plain.secret": "in the clear",
    },
    {".gitmodules": '[submodule "gone"]\n\tpath = gone\n\turl = https://example.com/gone\n'},
]


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.deploy("v1.0.0")
    return world


@pytest.mark.parametrize(
    ("kind", "files"), [(kind, files) for kind, cases in INCOMPLETE.items() for files in cases]
)
def test_what_is_not_the_content_is_refused_with_what_to_do(world, kind, files):
    world.repository.commit(files, "v2.0.0")
    failure = failure_of(world.deploy, "v2.0.0")
    name = next(path for path in files if not path.endswith(".gitattributes"))
    assert failure.code is Code.DEPLOY_FAILED
    assert (
        failure.message
        == f"web v2.0.0 is not complete: the repository holds {KINDS[kind][0]} ({name})."
    )
    assert KINDS[kind][1] in failure.hint
    assert f"allow_incomplete: [{kind}] in apps.web.deploy" in failure.hint
    assert failure.facts["incomplete"] == {kind: 1}
    assert world.current == "v1.0.0"
    assert len(world.releases()) == 1


@pytest.mark.parametrize(
    ("kind", "files"), [(kind, cases[0]) for kind, cases in INCOMPLETE.items()]
)
def test_what_the_config_allows_is_deployed_and_said(world, kind, files):
    world.repository.commit(files, "v2.0.0")
    others = [other for other in KINDS if other != kind]
    assert failure_of(world.deploy, "v2.0.0", allow_incomplete=others).code is Code.DEPLOY_FAILED
    job = world.deploy("v2.0.0", allow_incomplete=[kind])
    assert [
        line
        for line in job.lines
        if KINDS[kind][0] in line and "which allow_incomplete permits" in line
    ]


@pytest.mark.parametrize("files", COMPLETE)
def test_files_that_only_look_like_it_are_content(world, files):
    world.repository.commit(files, "v2.0.0")
    world.deploy("v2.0.0")
    for name, content in files.items():
        assert (world.root / "current" / name).read_text() == content


def test_links_into_an_annex_are_refused(world):
    target = f"../.git/annex/objects/9z/Qf/SHA256E-s1--{OID}/SHA256E-s1--{OID}"
    world.repository.commit(
        tag="v2.0.0", links={"data/movie": target, "data/other": "../version.txt"}
    )
    failure = failure_of(world.deploy, "v2.0.0")
    assert "holds git-annex pointers instead of files (data/movie)." in failure.message


@pytest.mark.parametrize("listed", [True, False])
def test_submodules_are_refused_also_where_no_file_lists_them(world, tmp_path, listed):
    other = Repository(tmp_path / "lib")
    commit = other.commit({"a": "1"})
    if listed:
        modules = '[submodule "lib"]\n\tpath = vendor/lib\n\turl = ../lib\n'
        world.repository.commit({".gitmodules": modules})
    world.repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor/lib")
    world.repository.git("commit", "--quiet", "-m", "with a library")
    world.repository.git("tag", "v2.0.0")
    failure = failure_of(world.deploy, "v2.0.0")
    assert "holds submodules, which are empty folders here (vendor/lib)." in failure.message
    assert "git submodule update" in failure.hint
    world.deploy("v2.0.0", allow_incomplete="submodules")
    assert list((world.root / "current" / "vendor" / "lib").iterdir()) == []


def test_several_kinds_and_many_files_are_told_in_one_sentence(world):
    files = {f"assets/{number:04d}.bin": LFS for number in range(1200)}
    world.repository.commit({**files, "key": b"\0GITCRYPT\0x"}, "v2.0.0")
    failure = failure_of(world.deploy, "v2.0.0")
    assert failure.message == (
        "web v2.0.0 is not complete: the repository holds Git LFS pointers instead of files "
        "(assets/0000.bin,"
        " assets/0001.bin, assets/0002.bin and 1197 more) and files that git-crypt has encrypted "
        "(key)."
    )
    assert "git lfs pull and git-crypt unlock" in failure.hint
    assert "allow_incomplete: [lfs, git-crypt]" in failure.hint
    assert failure.facts["incomplete"] == {"lfs": 1200, "git-crypt": 1}


def test_the_key_takes_the_kinds_that_there_are():
    base = {"repository": "/g", "root": "/r"}
    assert options_of(**base, allow_incomplete=list(KINDS))[1] == []
    assert options_of(**base)[0].allow_incomplete == ()
    (line,) = options_of(**base, allow_incomplete=["LFS"])[1]
    assert line == (
        "apps.web.deploy.allow_incomplete: expected lfs, git-crypt, git-annex, filters or "
        "submodules, found 'LFS'"
    )


def test_a_version_without_files_is_refused_as_such(world):
    world.repository.git("rm", "-r", "--quiet", ".")
    world.repository.git("commit", "--quiet", "-m", "nothing left")
    world.repository.git("tag", "v2.0.0")
    assert (
        failure_of(world.deploy, "v2.0.0").message
        == "The version cannot be unpacked: it holds no files."
    )
    assert world.current == "v1.0.0"
