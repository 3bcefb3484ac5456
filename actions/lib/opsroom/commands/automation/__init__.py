"""What rules, workflows and sensors ask for: releases, promotions, announcements, drift."""
