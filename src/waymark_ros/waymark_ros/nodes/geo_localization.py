# SPDX-License-Identifier: Apache-2.0
"""Say where on a picture of the ground the camera is; say nothing when that is not sure."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseWithCovarianceStamped
from sensor_msgs.msg import NavSatFix

from waymark.geo import MOST_LENS_SHIFT, Photo, Unsure, lens_shift
from waymark.mapping.localizing import open_localizer
from waymark.pipeline.geo_localization import GeoLocalizationConfig
from waymark.types import Frame
from waymark_ros.geo_conversions import fix_to_msg, geo_pose_to_msg
from waymark_ros.qos import RESULTS
from waymark_ros.runner import run_node
from waymark_ros.vision_node import VisionNode


class GeoLocalizationNode(VisionNode):
    """Publish `fix` (where the map has a place on Earth) and `geo_pose` for each image whose place is believed."""

    config_class = GeoLocalizationConfig
    default_name = 'geo_localization'
    receives_camera_info = True

    def on_configure_core(self, config: GeoLocalizationConfig) -> None:
        """Open the map and its encoder."""
        self.config = config
        self.localizer = open_localizer(config, self.progress)
        self.reason = ''
        self.found = 0
        frame = self.localizer.ground.frame
        self.statistics.set('map', f'{frame.size_wh[0]}x{frame.size_wh[1]} px, {frame.metres_per_pixel:g} m per px')
        self.pose = self.create_publisher(PoseWithCovarianceStamped, 'geo_pose', RESULTS)
        self.fix = None
        if frame.latitude_deg is not None:
            self.fix = self.create_publisher(NavSatFix, 'fix', RESULTS)

    def on_frame(self, frame: Frame) -> None:
        """Find this image on the map."""
        camera = self.camera_of(frame)
        bent = 0.0 if camera is None else lens_shift(camera)
        if bent > MOST_LENS_SHIFT:
            self.guard.count(f'the lens moves corners by {bent:.1%} of the diagonal: undistort the images (image_proc)')
        found = self.localizer.locate(Photo(frame.rgb, None if camera is None else camera.K))
        if isinstance(found, Unsure):
            self.reason = found.reason
            self.statistics.set('state', f'unsure ({found.gate})')
            return
        self.reason, self.found = '', self.found + 1
        self.statistics.set('state', f'found, within {found.sigma_m:.1f} m')
        self.statistics.set('found', self.found)
        ortho = self.localizer.ground.frame
        self.publish_latest(self.pose, geo_pose_to_msg(found, ortho, frame.header, self.config.map_frame))
        if self.fix is not None:
            self.publish_latest(self.fix, fix_to_msg(found, ortho, frame.header))

    def status(self) -> tuple[bytes, str, dict[str, str]]:
        """As every node's; and why nothing is published."""
        level, message, values = super().status()
        if self.is_active and level == DiagnosticStatus.OK and self.reason:
            return DiagnosticStatus.WARN, f'no position because {self.reason}', values
        return level, message, values

    def on_cleanup_core(self) -> None:
        """Close the map."""
        self.localizer.ground.close()


def main() -> None:
    """Run this node alone."""
    run_node(GeoLocalizationNode)


if __name__ == '__main__':
    main()
