// What may be seen of a document in a log: the members allowed, and of the rest only length and a keyed hash.
import { createHmac } from 'node:crypto';

const { env } = process;
const LOGGABLE = new Set(
  `cap_id model_year contract_type_id plan term mileage relief_vehicle customer_initial_payment estimated_sales_value
  cust_reference off_invoice_support otrp commission discount customer_terms co2_emission quote_id quote_reference status
  initial_payment monthly_rental total_rentals apr balloon valid_until code`.split(/\s+/),
);

export const hash = (text) => createHmac('sha256', env.REDACTION_KEY).update(text).digest('hex').slice(0, 12);
const redactText = (text) => `[REDACTED len=${Buffer.byteLength(text)} hmac=${hash(text)}]`;
const redactName = (name) => (/^[a-z_]{0,40}$/.test(name) || LOGGABLE.has(name) ? name : redactText(name));

function redact(value, member) {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((one) => redact(one, member));
  if (typeof value === 'object') {
    const present = Object.entries(value).filter(([, one]) => one !== null);
    return Object.fromEntries(present.map(([name, one]) => [redactName(name), redact(one, name)]));
  }
  return LOGGABLE.has(member) && /^[\w.:+-]{0,64}$/.test(value) ? value : redactText(JSON.stringify(value));
}

/** The document with every value redacted whose member is not allowed; what is not JSON is redacted whole. */
export function redactDocument(body) {
  try {
    return JSON.stringify(redact(JSON.parse(body)));
  } catch {
    return redactText(body);
  }
}
