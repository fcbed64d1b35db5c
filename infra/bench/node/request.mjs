// What comes in: the caller's token and the quote request, checked; and the problem that answers what is wrong.
import { importSPKI, jwtVerify } from 'jose';

const { env } = process;
const publicKey = await importSPKI(env.JWT_PUBLIC_KEY.replaceAll('\\n', '\n'), 'RS256');
const tokenChecks = {
  algorithms: ['RS256'],
  issuer: env.JWT_ISSUER,
  audience: env.JWT_AUDIENCE,
  clockTolerance: 60,
  requiredClaims: ['exp', 'sub'],
};
/** LEX's ids of the quote types it takes. */
export const CONTRACT_TYPES = {
  PERSONAL_CONTRACT_PURCHASE: 1,
  HIRE_PURCHASE: 2,
  PERSONAL_CONTRACT_HIRE: 3,
  BUSINESS_CONTRACT_HIRE: 4,
  FINANCE_LEASE: 5,
};

export class Problem extends Error {
  constructor(status, code, message, errors = []) {
    super(message);
    Object.assign(this, { status, code, errors });
  }
}

/** Whose bearer token it is. */
export async function authenticate(headers) {
  const refused = new Problem(401, 'unauthenticated', 'A valid bearer token is needed.');
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (!token) throw refused;
  const { payload } = await jwtVerify(token, publicKey, tokenChecks).catch(() => Promise.reject(refused));
  const roles = payload.roles ?? [];
  return {
    subject: payload.sub,
    email: payload.email_verified ? payload.email?.toLowerCase() : undefined,
    staff: roles.includes('staff') || roles.includes('admin'),
  };
}

export const isText = (value, least, most) => typeof value === 'string' && value.length >= least && value.length <= most;
export const isWhole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
export const isMoney = (value) =>
  typeof value === 'number' && value >= 0 && value <= 1e8 && Math.abs(value * 100 - Math.round(value * 100)) < 1e-4;

const isEmail = (value) => isText(value, 3, 254) && /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value);
const optional = (check, value) => value === undefined || value === null || check(value);

/** The quote request in the event. */
export function read(event) {
  if (!/^application\/json\b/i.test(event.headers['content-type'] ?? '')) {
    throw new Problem(415, 'unsupported-media', 'The body must be JSON.');
  }
  let ask;
  try {
    ask = JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body);
  } catch {
    throw new Problem(400, 'malformed', 'The body is not JSON.');
  }
  const { customerDetails: customer, vehicleDetails: vehicle, contractDetails: contract } = ask ?? {};
  const checks = {
    'customerDetails.firstName': isText(customer?.firstName, 1, 100),
    'customerDetails.lastName': isText(customer?.lastName, 1, 100),
    'customerDetails.email': isEmail(customer?.email),
    'vehicleDetails.make': isText(vehicle?.make, 1, 100),
    'vehicleDetails.model': isText(vehicle?.model, 1, 100),
    'vehicleDetails.year': isWhole(vehicle?.year, 1980, 2100),
    'vehicleDetails.price': isMoney(vehicle?.price) && vehicle.price > 0,
    'vehicleDetails.capId': isText(vehicle?.capId, 1, 9) && /^\d+$/.test(vehicle.capId),
    'contractDetails.term': isWhole(contract?.term, 1, 120),
    'contractDetails.deposit': isMoney(contract?.deposit),
    'contractDetails.annualMileage': isWhole(contract?.annualMileage, 1, 200_000),
    'contractDetails.quoteType': isText(contract?.quoteType, 1, 40) && Object.hasOwn(CONTRACT_TYPES, contract.quoteType),
    'contractDetails.balloonPayment': optional(isMoney, contract?.balloonPayment),
    'contractDetails.apr': optional(Number.isFinite, contract?.apr),
    funderName: ask?.funderName === 'LEX',
    environment: ask?.environment === 'SANDBOX',
  };
  const wrong = Object.keys(checks).filter((field) => !checks[field]);
  if (wrong.length > 0) {
    throw new Problem(422, 'invalid', 'The request is not valid.', wrong.map((field) => ({ field, message: 'is not valid' })));
  }
  customer.email = customer.email.toLowerCase();
  return ask;
}
