import { Icon } from './Icon.tsx';

interface IconButtonProps {
  readonly icon: string;
  readonly label: string;
  readonly onClick: () => void;
}

export function IconButton({ icon, label, onClick }: IconButtonProps) {
  return (
    <button type="button" class="ico" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
