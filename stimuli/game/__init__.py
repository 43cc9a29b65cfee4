"""What the ball game is drawn of: places, figures, hands, ball and ground."""
