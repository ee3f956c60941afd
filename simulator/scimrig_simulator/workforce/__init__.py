"""People and teams, made from a seed.

Rule: knows no SCIM and no IdP. Imports nothing else of this project.
"""

from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import FIELDS, Person
from scimrig_simulator.workforce.team import Team

__all__ = ["FIELDS", "Company", "Person", "Team"]
