"""What presetctl says on GitHub: comments on pull requests, issues about drift, and what was approved there."""
