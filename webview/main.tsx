import '@vscode/codicons/dist/codicon.css';
import './styles/panel.css';
import './styles/transcript.css';
import './styles/rows.css';
import './styles/dock.css';
import './styles/composer.css';
import './styles/markdown.css';
import { render } from 'preact';
import { Host } from './host.ts';
import { Panel } from './panel.ts';
import { PanelView } from './view/PanelView.tsx';

const root = document.getElementById('root');
if (root !== null) render(<PanelView panel={new Panel(new Host())} />, root);
