'use strict';
// What the program gets of the agent's environment: what is listed, and nothing else. The agent hands every secret of
// the job to a task (`SECRET_…`), and none of those is the program's business.

const proxy = require('./proxy');
const { names, prefixes, withheld } = require('./variables.json');

/** Returns the program's environment, and what the log should say of it. */
function environment(agent) {
  const program = {};
  const begins = (name) => (prefix) => name.startsWith(prefix);
  const asked = new Set([...credentialVariables(agent), ...settingsVariables(agent)]);
  for (const name of Object.keys(agent)) {
    const isListed = names.includes(name) || (prefixes.some(begins(name)) && !withheld.some(begins(name)));
    if (isListed || asked.has(name)) program[name] = agent[name];
  }
  // A task gets the job's own token with the connection of the job; where that is missing, as the secret variable.
  if (!agent.ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN && agent.SECRET_SYSTEM_ACCESSTOKEN) {
    program.SYSTEM_ACCESSTOKEN = agent.SECRET_SYSTEM_ACCESSTOKEN;
  }
  const certificates = agent.SSL_CERT_FILE || agent.AGENT_CAINFO || agent.NODE_EXTRA_CA_CERTS;
  if (certificates) program.SSL_CERT_FILE = certificates;
  const { variables, remarks } = proxy.variables(agent);
  return { variables: Object.assign(program, variables), remarks };
}

/** Returns the variables that the input `credentials` names: `host[/path] username $VARIABLE`, one a line. */
function credentialVariables(agent) {
  const asked = new Set();
  for (const line of (agent.INPUT_CREDENTIALS || agent.ACR_SYNC_CREDENTIALS || '').split('\n')) {
    const name = /^\s*[^#\s]\S*\s+\S+\s+\$(?:\{(\w+)\}|(\w+))\s*$/.exec(line);
    if (name) asked.add(name[1] || name[2]);
  }
  return asked;
}

/** Returns the variables of `acr-sync.yaml` that the pipeline lets the program have: what the file names is the pull request's word. */
function settingsVariables(agent) {
  return (agent.INPUT_VARIABLES || '').split(/[\s,]+/).filter((name) => /^\w+$/.test(name));
}

module.exports = { environment };
