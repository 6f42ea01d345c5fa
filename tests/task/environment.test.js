'use strict';
const assert = require('assert');
const test = require('node:test');
const { environment } = require('../../task/environment');

const variables = (agent) => environment(agent).variables;

test('what the program reads arrives under its own name', () => {
  const agent = {
    TF_BUILD: 'True',
    BUILD_REASON: 'PullRequest',
    SYSTEM_PULLREQUEST_PULLREQUESTID: '7',
    AGENT_TEMPDIRECTORY: '/t',
    INPUT_IMAGESFILE: 'images.txt',
    'ENDPOINT_AUTH_PARAMETER_8d3c1f2e-1111-2222-3333-444455556666_TENANTID': 't',
    ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN: 'job',
    AZURE_CLIENT_ID: 'c',
    PATH: '/bin',
    https_proxy: 'http://p:1',
  };
  assert.deepStrictEqual(variables(agent), agent);
});

test('secrets of the job and everything else stay behind', () => {
  const agent = {
    SECRET_DB_PASSWORD: 'x',
    SECUREFILE_TICKET_1: 'x',
    VSTS_SECRET_VARIABLES: '[]',
    AGENT_PROXYPASSWORD: 'x',
    AGENT_CLIENTCERTKEY: 'x',
    GITHUB_TOKEN: 'x',
    LD_PRELOAD: 'x',
    DEPLOY_KEY: 'x',
  };
  assert.deepStrictEqual(variables(agent), {});
});

test("the job's token comes from its secret where its connection has none", () => {
  assert.strictEqual(variables({ SECRET_SYSTEM_ACCESSTOKEN: 'job' }).SYSTEM_ACCESSTOKEN, 'job');
  const both = { SECRET_SYSTEM_ACCESSTOKEN: 'job', ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN: 'job' };
  assert.strictEqual(variables(both).SYSTEM_ACCESSTOKEN, undefined);
});

test('a variable that a credential names is passed, and no other', () => {
  const agent = {
    QUAY_TOKEN: 'q',
    GHCR_TOKEN: 'g',
    OTHER: 'o',
    NAMED_IN_A_COMMENT: 'c',
    INPUT_CREDENTIALS: [
      '# quay.io robot $NAMED_IN_A_COMMENT',
      'quay.io robot $QUAY_TOKEN',
      ' ghcr.io/team me ${GHCR_TOKEN}\r',
      'docker.example.com me $(OTHER)',
      'nvcr.io $oauthtoken pass$OTHER',
    ].join('\n'),
  };
  const { INPUT_CREDENTIALS: _, ...passed } = variables(agent);
  assert.deepStrictEqual(passed, { QUAY_TOKEN: 'q', GHCR_TOKEN: 'g' });
  assert.strictEqual(variables({ ACR_SYNC_CREDENTIALS: 'quay.io robot $QUAY_TOKEN', QUAY_TOKEN: 'q' }).QUAY_TOKEN, 'q');
});

test('a variable of the settings is passed where the pipeline names it, and no other', () => {
  const agent = { GIT_TOKEN: 'g', PROD_SECRET: 'p', PROD: 'o', OTHER: 'o', INPUT_VARIABLES: 'GIT_TOKEN,\r\n  PROD_SECRET $OTHER MISSING\n' };
  const { INPUT_VARIABLES: _, ...passed } = variables(agent);
  assert.deepStrictEqual(passed, { GIT_TOKEN: 'g', PROD_SECRET: 'p' });
});

test("the agent's authorities are trusted, unless the step names its own", () => {
  assert.strictEqual(variables({ AGENT_CAINFO: '/ca.pem' }).SSL_CERT_FILE, '/ca.pem');
  assert.strictEqual(variables({ NODE_EXTRA_CA_CERTS: '/n.pem' }).SSL_CERT_FILE, '/n.pem');
  assert.strictEqual(variables({ AGENT_CAINFO: '/ca.pem', SSL_CERT_FILE: '/own.pem' }).SSL_CERT_FILE, '/own.pem');
});
