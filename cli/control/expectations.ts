import { readStateFile } from '../../lib/config/state-file.ts';
import { messageOf } from '../../lib/errors.ts';
import { stackEnvironment } from '../../stack/config.ts';

/** Where measured values come from: Prometheus, or the metrics service itself. */
export interface MeasuredFrom {
  readonly prometheusUrl?: string | undefined;
  readonly metricsUrl?: string | undefined;
}

/** The address that was given, else Prometheus, else the metrics service of a stack that runs it. */
export const measuredFrom = (metrics: string | undefined): MeasuredFrom => {
  const { stateFile, prometheusUrl } = stackEnvironment();
  const state = readStateFile(stateFile);
  const prometheus = prometheusUrl ?? state?.addresses.prometheusUrl;
  const own = prometheus === undefined ? state?.metricsUrl : undefined;
  return { prometheusUrl: prometheus, metricsUrl: metrics ?? own };
};

/** How one expectation of a context stands, for one model version and one sliding window. */
export interface MeasuredExpectation {
  readonly model: string;
  readonly expectation: string;
  readonly window: string;
  readonly value: number;
  readonly limit: number | null;
  /** Of the window; with fewer than `answersMin` nothing is broken. */
  readonly answers: number;
  readonly broken: boolean;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const askMsMax = 5_000;

/** Null: there is nobody to ask. An empty list: nothing was measured yet. */
export async function measuredExpectations(
  from: MeasuredFrom,
  context: string,
): Promise<readonly MeasuredExpectation[] | null> {
  const samples = await samplesOf(from, context);
  return samples === null ? null : expectationsIn(samples, context);
}

export const expectationsIn = (
  samples: readonly Sample[],
  context: string,
): MeasuredExpectation[] => {
  const idOf = ({ labels }: Sample): string =>
    [labels['model'], labels['expectation'], labels['window']].join('|');
  const own = samples.filter(({ labels }) => labels['context'] === context);
  const named = (name: string): Map<string, Sample> =>
    new Map(own.filter((sample) => sample.name === name).map((sample) => [idOf(sample), sample]));
  const answers = new Map(
    own
      .filter(({ name }) => name === 'freshet_expectation_answers')
      .map(({ labels, value }) => [`${labels['model']}|${labels['window']}`, value]),
  );
  const limits = named('freshet_expectation_limit');
  const broken = named('freshet_expectation_broken');
  return [...named('freshet_expectation_value')].map(([id, { labels, value }]) => ({
    model: labels['model'] ?? '',
    expectation: labels['expectation'] ?? '',
    window: labels['window'] ?? '',
    value,
    limit: limits.get(id)?.value ?? null,
    answers: answers.get(`${labels['model']}|${labels['window']}`) ?? 0,
    broken: broken.get(id)?.value === 1,
  }));
};

const samplesOf = async (
  { prometheusUrl, metricsUrl }: MeasuredFrom,
  context: string,
): Promise<readonly Sample[] | null> => {
  try {
    if (metricsUrl !== undefined) {
      const url = metricsUrl.endsWith('/metrics') ? metricsUrl : `${metricsUrl}/metrics`;
      return samplesInText(await (await ask(url)).text());
    }
    if (prometheusUrl === undefined) return null;
    const query = `{__name__=~"freshet_expectation_.+",context="${context}"}`;
    const url = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(query)}`;
    return samplesInReply(await (await ask(url)).json());
  } catch (error) {
    console.error(`freshet: measured values cannot be read: ${messageOf(error)}`);
    return null;
  }
};

const ask = async (url: string): Promise<Response> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(askMsMax) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response;
};

/** Prometheus's text form, of which only plain samples matter here. */
export const samplesInText = (text: string): Sample[] =>
  text.split('\n').flatMap((line) => {
    const [, name, inside, value] = /^(freshet_expectation_\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (name === undefined || inside === undefined) return [];
    const labels = [...inside.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
      ([, label = '', text = '']) => [label, text] as const,
    );
    return [{ name, labels: Object.fromEntries(labels), value: Number(value) }];
  });

const samplesInReply = (reply: unknown): Sample[] => {
  const { data } = reply as {
    readonly data?: {
      readonly result?: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value: readonly [number, string];
      }[];
    };
  };
  return (data?.result ?? []).map(({ metric, value: [, value] }) => ({
    name: metric['__name__'] ?? '',
    labels: metric,
    value: Number(value),
  }));
};
