"""The wheel works outside the checkout: built, installed in a clean environment in another folder, and run there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command in an environment that knows nothing of the checkout."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, env=clean, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT, cwd=folder)
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_three_packages_and_the_scenarios_and_nothing_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"scimrig", "scimrig_simulator", "scimrig_reports"}
    for wanted in (
        "scimrig/_scenarios/lifecycle.yaml", "scimrig/_scenarios/requirements.yaml", "scimrig/_scenarios/schema.json",
        "scimrig/_scenarios/target-file.schema.json", "scimrig/_scenarios/vendors/packs.yaml",
        "scimrig/_scenarios/vendors/okta-spec.yaml", "scimrig/py.typed", "scimrig_reports/prologue.sh",
    ):
        assert wanted in names
    assert any(name.startswith("scimrig_simulator/workforce/data/") for name in names)
    assert any(name.startswith("scimrig_simulator/scim/data/") for name in names)


def test_the_wheel_needs_grpc_for_its_extra_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        (name,) = (name for name in content.namelist() if name.endswith(".dist-info/METADATA"))
        lines = content.read(name).decode().splitlines()
    assert "Provides-Extra: scalekit" in lines
    wanted = [line for line in lines if line.startswith("Requires-Dist: ")]
    (sdk,) = (line for line in wanted if "extra ==" in line)
    assert sdk.startswith("Requires-Dist: scalekit-sdk-python")
    assert not any("grpc" in line or "protobuf" in line for line in wanted)


def test_the_installed_wheel_judges_the_embedded_server(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "env"
    assert run(sys.executable, "-m", "venv", environment, cwd=tmp_path).returncode == 0
    installed = run(environment / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    scimrig = environment / "bin" / "scimrig"
    version = run(scimrig, "--version", cwd=elsewhere)
    assert version.stdout.startswith("scimrig "), version.stderr
    sound = run(scimrig, "run", "-k", "lifecycle/", "--idp", "okta,rfc", cwd=elsewhere)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    broken = run(scimrig, "run", "ref:fault=noop-patch", "-k", "lifecycle/leaver[", "--idp", "okta", cwd=elsewhere)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    assert "changed nothing" in broken.stdout
