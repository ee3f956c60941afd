/**
 * Better Auth with its SCIM plugin: its adapter for tables in memory, one connection with one bearer token.
 *
 * Rule: the plugin's defaults and no behaviour of ours. Two switches are set, both its own: compatibility with Entra's
 * groups, and no telemetry. From the environment: PEER_TOKEN, PEER_PORT.
 */

import {createServer} from "node:http";
import {scim} from "@better-auth/scim";
import {betterAuth} from "better-auth";
import {memoryAdapter} from "better-auth/adapters/memory";
import {getAuthTables} from "better-auth/db";
import {toNodeHandler} from "better-auth/node";

const {PEER_PORT, PEER_TOKEN} = process.env;
const options = {
  baseURL: `http://127.0.0.1:${PEER_PORT}`,
  secret: "signs nothing here, and is long enough",
  telemetry: {enabled: false},
  plugins: [
    scim({
      connections: [{id: "peer", credentials: [{type: "bearer", id: "peer", token: PEER_TOKEN}]}],
      compatibility: {microsoftEntra: {acceptLegacyGroupSchema: true}},
    }),
  ],
};
const tables = Object.fromEntries(Object.values(getAuthTables(options)).map(({modelName}) => [modelName, []]));
const auth = betterAuth({...options, database: memoryAdapter(tables)});
createServer(toNodeHandler(auth)).listen(Number(PEER_PORT), "127.0.0.1");
