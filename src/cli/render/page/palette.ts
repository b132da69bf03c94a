/** The colours of pages. A test holds them to the contrasts of WCAG 2.2 AA. */
export interface Palette {
  readonly page: string;
  readonly card: string;
  readonly ink: string;
  readonly soft: string;
  /** Between things; says nothing. */
  readonly line: string;
  readonly link: string;
  /** Of pictures. */
  readonly mastered: string;
  readonly learning: string;
  readonly rest: string;
  readonly activity: string;
}

export const LIGHT: Palette = {
  page: "#f4f5f7",
  card: "#ffffff",
  ink: "#1b222c",
  soft: "#566171",
  line: "#e3e6eb",
  link: "#2b5fb3",
  mastered: "#0d6b66",
  learning: "#4b94d8",
  rest: "#8b95a3",
  activity: "#5b68b0",
};

export const DARK: Palette = {
  page: "#0f1317",
  card: "#171c22",
  ink: "#e7eaee",
  soft: "#9ba7b5",
  line: "#2a323b",
  link: "#8ab4f8",
  mastered: "#3fc7b5",
  learning: "#4f8fd0",
  rest: "#697686",
  activity: "#8e9be8",
};

/** As custom properties: `--ink: #1b222c; …` */
export function propertiesOf(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(" ");
}
