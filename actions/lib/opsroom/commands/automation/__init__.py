"""The use cases of rules, workflows and sensors: releases, promotions, announcements, drift."""
