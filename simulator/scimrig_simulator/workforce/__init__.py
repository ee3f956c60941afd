"""People and teams, made from a seed, and what happens to them.

Rule: knows no SCIM and no IdP. Imports nothing else of this project.
"""

from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.happenings import Happening, Kind, Standing
from scimrig_simulator.workforce.person import FIELDS, Person
from scimrig_simulator.workforce.team import Team
from scimrig_simulator.workforce.timeline import Timeline

__all__ = ["FIELDS", "Company", "Happening", "Kind", "Person", "Standing", "Team", "Timeline"]
