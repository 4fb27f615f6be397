// An OpenID provider for tests and for trying single sign-on by hand: the certified
// oidc-provider, with accounts whose claims are those of Casdoor.
//
//   node provider.js 127.0.0.1:PORT
//
// Client `mnemosyne`, secret `mnemosyne-secret`; the application's callback may be on any
// port of this machine, or at https://mnemosyne.test. Any login is accepted, without a
// password. Its format of token is the word after a plus: `alice` and `alice+jwt` get
// Casdoor's JWT, `alice+standard` its JWT-Standard, `alice+empty` its JWT-Empty. They are in
// the organisation `helu` and the group Staff, until a test says otherwise:
//
//   PUT /accounts/LOGIN {"org","name","displayName","email","groups":["Staff"],"roles":[],
//                        "id_token":{CLAIM: VALUE, null leaves it out}, "userinfo":{…}}
//
// By hand: CASDOOR_ENABLED=True CASDOOR_ORIGIN=$MNEMOSYNE_TEST_OIDC_URL
// CASDOOR_CLIENT_ID=mnemosyne CASDOOR_CLIENT_SECRET=mnemosyne-secret CASDOOR_ORG_NAME=helu
// bin/mnemosyne up
//
// A sign-in without a browser: follow the redirects of the authorization address to
// /interaction/ID, POST login=LOGIN there, follow the redirects on to the callback.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { interactionPolicy } from 'oidc-provider';

const address = process.argv[2];
const origin = `http://${address}`;
const accounts = new Map(); // login → what a test said of it
const logins = new Map(); // subject → login

// subjectOf gives each login a UUID that stays the same over restarts, as Casdoor's do.
function subjectOf(login) {
  const hex = createHash('sha256').update(login).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function personOf(login) {
  const name = login.split('+')[0];
  return { org: 'helu', name, displayName: `${name} Example`, email: `${name}@example.org`, groups: ['Staff'], roles: [], ...accounts.get(login) };
}

const inOrganisation = (person) => person.groups.map((group) => (group.includes('/') ? group : `${person.org}/${group}`));
const some = (list) => (list.length > 0 ? list : undefined);

// idToken says what Casdoor puts into the id_token in each of its formats.
function idToken(format, person) {
  switch (format) {
    case 'standard':
      return { preferred_username: person.name, name: person.displayName, owner: person.org, email: person.email, email_verified: true };
    case 'empty':
      return { name: person.name, displayName: person.displayName, owner: person.org };
    default:
      return {
        name: person.name, displayName: person.displayName, owner: person.org, isAdmin: false,
        email: person.email, email_verified: true,
        groups: inOrganisation(person), roles: person.roles.map((role) => ({ owner: person.org, name: role, isEnabled: true })),
      };
  }
}

// userinfo is the same in all formats; Casdoor leaves empty lists out.
function userinfo(person) {
  return {
    preferred_username: person.name, name: person.displayName, email: person.email, email_verified: true,
    groups: some(inOrganisation(person)), roles: some(person.roles),
  };
}

function claimsOf(login, use) {
  const person = personOf(login);
  const claims = use === 'id_token' ? { ...idToken(login.split('+')[1], person), ...person.id_token } : { ...userinfo(person), ...person.userinfo };
  for (const [name, value] of Object.entries(claims)) if (value === null || value === undefined) delete claims[name];
  return { sub: subjectOf(login), ...claims };
}

// Nobody is asked for consent.
const policy = interactionPolicy.base();
policy.get('consent').checks.remove('native_client_prompt');

const callback = '/accounts/oidc/casdoor/login/callback/';
const provider = new Provider(origin, {
  clients: [{
    client_id: 'mnemosyne', client_secret: 'mnemosyne-secret', application_type: 'native', token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [`http://127.0.0.1${callback}`, `http://localhost${callback}`, `https://mnemosyne.test${callback}`],
  }],
  scopes: ['openid', 'profile', 'email'],
  claims: { openid: ['sub', 'name', 'preferred_username', 'displayName', 'email', 'email_verified', 'owner', 'isAdmin', 'groups', 'roles'] },
  conformIdTokenClaims: false,
  pkce: { methods: ['S256'], required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { policy, url: (_, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['only for tests'] },
  ttl: { Session: 3600, Grant: 3600, Interaction: 600, IdToken: 600, AccessToken: 600, AuthorizationCode: 60 },
  findAccount: (_, subject) => {
    const login = logins.get(subject);
    return login && { accountId: subject, claims: (use) => claimsOf(login, use) };
  },
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile email');
    await grant.save();
    return grant;
  },
});

const page = `<!doctype html><html lang="en"><title>Provider</title><h1>Sign in at the provider</h1>
<form method="post"><label for="login">Login</label> <input id="login" name="login" required> <button>Sign in</button></form></html>`;

async function read(request) {
  let body = '';
  for await (const part of request) body += part;
  return body;
}

async function answer(request, response) {
  const path = new URL(request.url, origin).pathname;
  if (request.method === 'PUT' && path.startsWith('/accounts/')) {
    accounts.set(decodeURIComponent(path.slice('/accounts/'.length)), JSON.parse(await read(request)));
    response.writeHead(204).end();
  } else if (request.method === 'POST' && path.startsWith('/interaction/')) {
    const login = new URLSearchParams(await read(request)).get('login');
    logins.set(subjectOf(login), login);
    await provider.interactionFinished(request, response, { login: { accountId: subjectOf(login) } });
  } else if (path.startsWith('/interaction/')) {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
  } else {
    await provider.callback()(request, response);
  }
}

createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(400, { 'Content-Type': 'text/plain' }).end(String(error)));
}).listen(Number(address.split(':')[1]), '127.0.0.1');
