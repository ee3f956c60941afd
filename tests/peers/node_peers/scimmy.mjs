/**
 * SCIMMY behind its own Express routers: a store in memory, one bearer token, and nothing else.
 *
 * Rule: what SCIMMY leaves to its user is done here, soundly and plainly (ids, dates, uniqueness, references); what it
 * does itself is not touched. From the environment: PEER_TOKEN, PEER_PORT.
 */

import {randomUUID} from "node:crypto";
import {isDeepStrictEqual} from "node:util";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const {Resources, Schemas, Types} = SCIMMY;
const users = new Map();
const groups = new Map();

/** The three handlers that SCIMMY asks for: write one, read one or many, delete one. */
function keep(Resource, rows, admit, forget) {
  const found = (id) => rows.get(id) ?? refuse(404, null, `${id} is not here`);
  Resource.ingress(({id: addressed}, data) => {
    const id = addressed ?? randomUUID();
    const before = addressed && found(addressed);
    const row = {...JSON.parse(JSON.stringify(data)), id, meta: before?.meta};
    admit(id, row);
    if (before && isDeepStrictEqual(row, before)) return before;
    const now = new Date().toISOString();
    rows.set(id, {...row, meta: {created: before?.meta.created ?? now, lastModified: now}});
    return rows.get(id);
  });
  Resource.egress(({id, filter}) => {
    if (id) return found(id);
    return filter ? filter.match([...rows.values()]) : [...rows.values()];
  });
  Resource.degress(({id}) => {
    found(id);
    rows.delete(id);
    forget(id);
  });
}

function refuse(status, scimType, detail) {
  throw new Types.Error(status, scimType, detail);
}

function userNameIsFree(id, {userName}) {
  const folded = userName.toLowerCase();
  if ([...users.values()].some((row) => row.id !== id && row.userName.toLowerCase() === folded)) refuse(409, "uniqueness", `userName ${userName} is taken`);
}

function membersAreHere(_, {members = []}) {
  const stranger = members.find(({value}) => !users.has(value) && !groups.has(value));
  if (stranger) refuse(400, "invalidValue", `nobody here has the id ${stranger.value}`);
}

function leaveGroups(id) {
  for (const row of groups.values()) row.members = row.members?.filter(({value}) => value !== id);
}

Resources.declare(Resources.User.extend(Schemas.EnterpriseUser));
Resources.declare(Resources.Group);
keep(Resources.User, users, userNameIsFree, leaveGroups);
keep(Resources.Group, groups, membersAreHere, leaveGroups);

function bearer(request) {
  if (request.header("Authorization") !== `Bearer ${process.env.PEER_TOKEN}`) throw new Error("no such token");
}

const baseUri = (request) => `http://${request.get("host")}`;
const routers = new SCIMMYRouters({type: "bearer", handler: bearer, baseUri});
express().use("/scim/v2", routers).listen(Number(process.env.PEER_PORT), "127.0.0.1");
