/**
 * The files of examples/deploy cannot be run by a test: what they say of Tollgate is held against
 * what Tollgate is. Commands, options, variables, ports and routes that they name exist.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { serve } from "../../src/cli/commands/serve.ts";
import { ALL_ROUTES } from "../../src/http/routes/all.ts";

const read = (name: string) =>
  readFileSync(new URL(`../../examples/deploy/${name}`, import.meta.url), "utf8");

/** A command line that starts a node: the command is `serve`, and every option is one of its. */
function assertServes(words: readonly string[]): void {
  assert.equal(words[0], serve.name);
  for (const word of words.filter((each) => each.startsWith("--"))) {
    assert.ok(Object.hasOwn(serve.options, word.slice(2)), word);
  }
}

/** Without the second a node on a database keeps no secret, so it exports nowhere. */
const NODE_VARIABLES = ["DATABASE_URL", "TOLLGATE_SECRET_KEY"];

const PUBLIC = ALL_ROUTES.filter(({ scope }) => scope === null).map(({ path }) => path);

test("the Kubernetes example starts nodes on a database and asks a public route for health", () => {
  const [deployment, service] = parseAllDocuments(read("kubernetes.yaml")).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
  const { spec } = deployment.spec.template;
  const [container] = spec.containers;
  assertServes(container.args);
  assert.deepEqual(
    container.env.map(({ name }: { name: string }) => name),
    NODE_VARIABLES,
  );
  const { path, port } = container.readinessProbe.httpGet;
  assert.ok(PUBLIC.includes(path));
  assert.equal(port, container.ports[0].containerPort);
  assert.ok(container.args.includes(String(port)));
  assert.equal(service.spec.ports[0].targetPort, port);
  const waitsSeconds = Number(container.lifecycle.preStop.exec.command[1]);
  const graceSeconds = spec.terminationGracePeriodSeconds - waitsSeconds;
  assert.ok(waitsSeconds > 0 && graceSeconds > 20, "longer than a shutdown waits");
});

test("the Kubernetes example spreads nodes, and evicts one at a time", () => {
  const all = parseAllDocuments(read("kubernetes.yaml")).map((document) => document.toJS());
  const [{ spec }, , { kind, spec: disruptions }] = all;
  assert.equal(kind, "PodDisruptionBudget");
  assert.deepEqual(disruptions.selector, spec.selector);
  assert.ok(disruptions.maxUnavailable > 0 && disruptions.maxUnavailable < spec.replicas);
  const [spread] = spec.template.spec.topologySpreadConstraints;
  assert.deepEqual(spread.labelSelector, spec.selector);
});

test("the Compose example has a database and nodes on it, built by the Dockerfile", () => {
  const { services } = parse(read("compose.yaml"));
  const { environment, build } = services.tollgate;
  assert.deepEqual(Object.keys(environment), NODE_VARIABLES);
  const address = environment.DATABASE_URL.replace(/\$\{[^}]*\}/, "secret");
  const { hostname, username, pathname } = new URL(address);
  assert.ok(Object.hasOwn(services, hostname), hostname);
  assert.equal(username, services.postgres.environment.POSTGRES_USER);
  assert.equal(pathname, `/${services.postgres.environment.POSTGRES_DB}`);
  assert.equal(build.dockerfile, "examples/deploy/Dockerfile");
  // Keys go over it in plain text.
  assert.deepEqual(services.tollgate.ports, ["127.0.0.1:4100-4109:4100"]);
});

test("the Dockerfile and the systemd unit start `tollgate serve`", () => {
  const docker = read("Dockerfile");
  assertServes(JSON.parse(/^CMD (\[.*\])$/m.exec(docker)?.[1] ?? "[]"));
  const health = /127\.0\.0\.1:(\d+)(\/\w+)/.exec(docker);
  assert.ok(PUBLIC.includes(health?.[2] ?? ""));
  assert.ok(docker.includes(`TOLLGATE_PORT=${health?.[1]}`));
  const unit = read("tollgate.service");
  const [ofUnit = ""] = unit.split("[Service]");
  assert.match(ofUnit, /^StartLimitIntervalSec=0$/m, "it waits for a database as long as it takes");
  const start = /^ExecStart=\/usr\/bin\/env tollgate (.*)$/m.exec(unit)?.[1];
  assertServes((start ?? "").split(" "));
});

test("the image holds neither the package it was made from nor the cache of npm", () => {
  const [, image = ""] = read("Dockerfile").split(/^FROM node:26-slim$/m);
  const [install = ""] = /^RUN (?:.*\\\n)*.*/m.exec(image) ?? [];
  assert.match(install, /npm install --global/);
  assert.match(install, /--mount=type=tmpfs,target=\/root\/\.npm /);
  assert.match(install, /--mount=type=bind,from=build,source=(\/\S+),target=\1 /);
  assert.doesNotMatch(image, /^COPY/m);
});
