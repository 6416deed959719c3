// A real OpenID provider (npm oidc-provider, certified) in Google's place: node provider.js PORT REDIRECT_URI
// It signs anybody in who types a name; the name is the subject. Everybody has the same e-mail address, on purpose.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "sidechain-relay",
    client_secret: "a-secret-of-the-test",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code"],
    response_types: ["code"],
  }],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["preferred_username", "email"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["only-a-test"] },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id.split("@")[0], email: "same@example.com" }),
  }),
});
provider.proxy = false;

const server = createServer(provider.callback());
server.listen(Number(port), "127.0.0.1", () => console.log(JSON.stringify({ event: "listening", issuer })));
process.on("SIGTERM", () => process.exit(0));
