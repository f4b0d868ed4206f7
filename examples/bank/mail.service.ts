import type { Context, ServiceSchema } from "moleculer";

interface Mail {
  to: string;
  subject: string;
  text: string;
}

const sent: Mail[] = [];

/** A fake mail provider: `mail.sent` lists the sent mails. */
const service: ServiceSchema = {
  name: "mail",
  actions: {
    send: {
      params: { to: "email", subject: "string", text: "string" },
      handler: (ctx: Context<Mail>) => void sent.push(ctx.params),
    },
    sent: {
      params: { to: "email|optional" },
      handler: (ctx: Context<{ to?: string }>) =>
        sent.filter(({ to }) => ctx.params.to === undefined || to === ctx.params.to),
    },
  },
};

export default service;
