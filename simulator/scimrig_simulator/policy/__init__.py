"""What the reference server promises beyond SCIM: who may be provisioned, which roles follow, what is told to whom.

Rule: pure arithmetic on resources; it reads no clock, no socket and no database. The harness and the engines may not
import it: what judges a promise does not share the code that keeps it.
"""
