"""What happens: protocol, kit, plan, tasks, player, log and session."""
