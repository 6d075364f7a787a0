"""What every tab shares: style, colours, pieces of HTML."""
