"""Rights that somebody has taken away, which only an API server that refuses can tell."""

from tests.engine.patient import Patient
from tests.engine.world import until
from trimtab.environment.findings.finding import Finding


async def test_a_binding_that_is_gone(patient: Patient) -> None:
    scene = patient.scene
    assert {one.level for one in await patient.examined("rights")} == {"ok"}
    await scene.delete("rbac.authorization.k8s.io/RoleBinding", "trimtab-as-controller", namespace=scene.control)
    await scene.delete("rbac.authorization.k8s.io/ClusterRoleBinding", f"trimtab-as-controller-{scene.control}")

    async def found() -> list[Finding]:
        return [one for one in await patient.examined("rights") if one.level == "error"]

    (finding,) = await until(found, bool)
    assert finding.subject == f"{scene.control}/trimtab"
    assert finding.message.startswith("may not ")
    assert "trimtab install" in finding.fix
